/**
 * Makes catalog/index.json from the folders beside it; `--check` only compares. With `--locks` the environments are locked anew, which asks the
 * configured index; what is kept of a lock names files and digests and no addresses.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { accessFolder } from '../src/app/environments/folder-files.ts';
import { definitionDigest, fingerprint, readDefinition } from '../src/definition/index.ts';
import { lockDigest } from '../src/resolve/lock-document.ts';
import { type Catalog, type CuratedVersion, canonicalJson, type Lock, sha256 } from '../src/schema/index.ts';

const root = join(import.meta.dirname, '..');
const catalog = join(root, 'catalog');
const folders = globSync('*/*/environment.yml', { cwd: catalog }).map(dirname).sort();

if (process.argv.includes('--locks')) for (const folder of folders) lock(folder);

const versions: CuratedVersion[] = [];
for (const folder of folders) versions.push(await read(folder));
const made: Catalog = { digest: sha256(canonicalJson(versions)), catalogVersion: 1, versions };
const text = `${JSON.stringify(made, undefined, 1)}\n`;
const file = join(catalog, 'index.json');
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('catalog/index.json is not up to date: run `node tools/make-catalog.ts`');
  process.exitCode = 1;
}

async function read(folder: string): Promise<CuratedVersion> {
  const path = join(catalog, folder);
  const source = { path: 'environment.yml', text: readFileSync(join(path, 'environment.yml'), 'utf8') };
  const { definition, header, sources } = await readDefinition(source, accessFolder(path));
  const [name, version] = [dirname(folder), basename(folder)];
  if (header.name !== name || header.version !== version)
    throw new Error(`${folder}: it calls itself ${header.name}:${header.version}`);
  return {
    name,
    version,
    description: header.description ?? '',
    tags: header.tags,
    fingerprint: fingerprint(definition),
    definitionDigest: definitionDigest(definition),
    definition,
    sources: sources.map(({ path: at, text: content }) => ({ path: at, text: content })),
  };
}

/** By the real command line, in a workspace that has it as an environment like any other. */
function lock(folder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'terroir-catalog-'));
  const copy = join(catalog, folder, '.lock.yml');
  writeFileSync(copy, readFileSync(join(catalog, folder, 'environment.yml'), 'utf8').replace(/^name: .*\n/m, ''));
  try {
    for (const platform of ['linux-64', 'linux-aarch64', 'osx-arm64']) {
      const words = ['env', 'lock', copy, '--platform', platform, '--json', '--workspace', work];
      const result = spawnSync('node', [join(root, 'bin', 'terroir.js'), ...words], { encoding: 'utf8' });
      const target = join(catalog, folder, `${platform}.lock.json`);
      if (result.status !== 0) {
        console.error(`${folder} for ${platform}: ${result.stdout}${result.stderr}`);
        rmSync(target, { force: true });
        continue;
      }
      const { lock: full } = JSON.parse(result.stdout) as { lock: Lock };
      writeFileSync(target, `${JSON.stringify(withoutAddresses(full), undefined, 1)}\n`);
    }
  } finally {
    rmSync(copy, { force: true });
    rmSync(work, { recursive: true, force: true });
  }
}

function withoutAddresses(full: Lock): Lock {
  const packages = full.packages.map((pkg) =>
    pkg.kind === 'pypi' ? { ...pkg, url: undefined, index: undefined } : pkg,
  );
  const content = { ...full, digest: undefined, inputs: { ...full.inputs, indexes: [], findLinks: [] }, packages };
  const plain = JSON.parse(JSON.stringify(content)) as Omit<Lock, 'digest'>;
  return { ...plain, digest: lockDigest(plain) };
}

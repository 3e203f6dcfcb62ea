import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from '../../src/io/index.ts';

const run = promisify(execFile);
const included = 'python3,ca-certificates';

/** Brings a real Debian with its Python to a registry on this machine. It is made once, and kept in a folder that test runs share. */
export async function pushDebian(reference: string): Promise<void> {
  const places = [`oci:${await debianLayout()}:base`, `docker://${reference}`];
  execFileSync('skopeo', ['copy', '-q', '--preserve-digests', '--dest-tls-verify=false', ...places]);
}

async function debianLayout(): Promise<string> {
  const parent = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terroir-test', 'debian');
  const folder = join(parent, 'bookworm');
  await mkdir(parent, { recursive: true });
  return await withFileLock(join(parent, 'bookworm.lock'), async () => {
    if (!existsSync(join(folder, 'complete'))) await make(parent, folder);
    return join(folder, 'layout');
  });
}

async function make(parent: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(parent, 'make-'));
  try {
    const tar = join(work, 'base.tar');
    await run('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${included}`, 'bookworm', tar]);
    const layout = join(work, 'layout');
    await run('umoci', ['init', '--layout', layout]);
    await run('umoci', ['new', '--image', `${layout}:base`]);
    await run('umoci', ['raw', 'add-layer', '--image', `${layout}:base`, tar]);
    await run('umoci', ['config', '--image', `${layout}:base`, '--config.cmd', 'python3']);
    await rm(tar);
    await writeFile(join(work, 'complete'), '');
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

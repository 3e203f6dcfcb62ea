import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CondaPackage, canonicalJson, type Lock, type LockedPackage, sha256 } from '../../src/schema/index.ts';
import type { CondaFile, UnpackedConda } from '../../src/store/index.ts';

/** A file of a package: its content, or what else it is. */
export type FolderFile =
  | string
  | Uint8Array
  | { link: string }
  | { directory: true }
  | { content: string | Uint8Array; placeholder?: string; mode?: 'text' | 'binary'; executable?: boolean };

export interface CondaFolderOptions {
  name: string;
  version?: string;
  build?: string;
  noarch?: 'python' | 'generic';
  files?: Readonly<Record<string, FolderFile>>;
  entryPoints?: UnpackedConda['entryPoints'];
  scripts?: readonly string[];
  /** Of the lock's record. */
  record?: Partial<CondaPackage>;
}

export interface CondaFolder {
  pkg: CondaPackage;
  unpacked: UnpackedConda;
}

/** Another length than a temporary folder's, as conda-build has it. */
export const placeholder = `/opt/conda/conda-bld/thing_1700000000000/_h_env${'_placehold'.repeat(20)}`;

/** An unpacked conda package below `root`, as the store would have it. */
export function makeCondaFolder(root: string, options: CondaFolderOptions): CondaFolder {
  const { name, version = '1.0', build = '0', noarch, files = {}, entryPoints = [], scripts = [] } = options;
  const contents = Object.entries(files).map(([path, file]) => [path, digestOf(file)]);
  const digest = sha256(canonicalJson(JSON.parse(JSON.stringify([name, version, build, contents, entryPoints]))));
  const folder = join(root, 'unpacked', digest.slice(0, 2), digest, 'files');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const described = Object.entries(files).map(([path, file]) => writeFile(folder, path, file));
  const filename = `${name}-${version}-${build}.conda`;
  const subdir = noarch === undefined ? 'linux-64' : 'noarch';
  const unpacked: UnpackedConda = {
    sha256: digest,
    filename,
    folder,
    infoFolder: join(folder, '../info'),
    infoFiles: [],
    name,
    version,
    build,
    buildNumber: 0,
    ...(noarch === undefined ? {} : { noarch }),
    index: { name, version, build, build_number: 0, depends: [], timestamp: 1700000000000, license_family: 'MIT' },
    entryPoints,
    files: described.sort((a, b) => (a.path < b.path ? -1 : 1)),
    scripts: [...scripts],
  };
  const pkg: CondaPackage = {
    kind: 'conda',
    name,
    version,
    build,
    buildNumber: 0,
    filename,
    url: `https://conda.example/channel/${subdir}/${filename}`,
    channel: 'channel',
    subdir,
    sha256: digest,
    size: 1,
    ...(noarch === undefined ? {} : { noarch }),
    depends: [],
    constrains: [],
    dependencies: [],
    requested: false,
    ...options.record,
  };
  return { pkg, unpacked };
}

function digestOf(file: FolderFile): unknown {
  if (typeof file === 'string' || file instanceof Uint8Array) return sha256(file);
  return 'content' in file ? { ...file, content: sha256(file.content) } : file;
}

function writeFile(folder: string, path: string, file: FolderFile): CondaFile {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  if (typeof file === 'object' && 'link' in file) {
    symlinkSync(file.link, target);
    return { path, type: 'link', sha256: sha256(file.link), size: 0, executable: false, target: file.link };
  }
  if (typeof file === 'object' && 'directory' in file) {
    mkdirSync(target);
    return { path, type: 'directory', sha256: '', size: 0, executable: false };
  }
  const {
    content,
    executable = path.startsWith('bin/'),
    ...rest
  } = typeof file === 'object' && 'content' in file ? file : { content: file };
  writeFileSync(target, content);
  utimesSync(target, 1_700_000_000, 1_700_000_000);
  chmodSync(target, executable ? 0o555 : 0o444);
  const described: CondaFile = {
    path,
    type: 'file',
    sha256: sha256(content),
    size: Buffer.byteLength(content),
    executable,
  };
  if ('placeholder' in rest && rest.placeholder !== undefined)
    described.placeholder = { text: rest.placeholder, mode: rest.mode ?? 'text' };
  return described;
}

/** A lock of these packages, in this order. */
export function condaLockOf(packages: readonly LockedPackage[]): Lock {
  const python = packages.find((pkg) => pkg.kind === 'conda' && pkg.name === 'python')?.version;
  return {
    lockVersion: 1,
    fingerprint: 'f',
    platform: 'linux-64',
    ...(python === undefined
      ? {}
      : { python: { version: python.split('.').slice(0, 2).join('.'), source: 'conda' as const } }),
    inputs: { channels: [], indexes: [], findLinks: [], virtualPackages: {}, tools: {} },
    packages: [...packages],
    digest: sha256(canonicalJson(JSON.parse(JSON.stringify(packages)))),
  };
}

import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { writeBzip2 } from './bzip2.ts';
import { type TarEntry, type TarOptions, writeTar } from './tar.ts';
import { writeZip, type ZipEntry } from './zip.ts';

/** A path of a package: a text or bytes are a file's content. */
export type CondaContent =
  | string
  | Uint8Array
  | {
      content?: string | Uint8Array;
      executable?: boolean;
      placeholder?: { text: string; mode: 'text' | 'binary' };
      noLink?: boolean;
      /** A symbolic link to there. */
      target?: string;
      /** A hard link to another path of the package, before this one. */
      sameAs?: string;
      /** An empty directory. */
      directory?: boolean;
      /** Seconds since 1970; 0 if not given. */
      time?: number;
    };

export interface CondaPackageOptions {
  name: string;
  version: string;
  /** "0", "py311_0"; `0` if not given. */
  build?: string;
  buildNumber?: number;
  subdir?: string;
  depends?: readonly string[];
  constrains?: readonly string[];
  noarch?: 'python' | 'generic';
  license?: string;
  /** `hello = hello:main` */
  entryPoints?: readonly string[];
  files?: Readonly<Record<string, CondaContent>>;
  format?: 'conda' | 'tar.bz2';
  /** Below `info/`: what is given takes the place of what would be there, `undefined` leaves it out. */
  info?: Readonly<Record<string, string | Uint8Array | undefined>>;
  /** More of index.json. */
  index?: Readonly<Record<string, unknown>>;
  /** How packages were before there was `info/paths.json`. */
  old?: boolean;
  /** Members behind the others, as they are. */
  extra?: readonly TarEntry[];
  extraInfo?: readonly TarEntry[];
  tar?: TarOptions;
  /** Level of the compression of `.conda`; 1 if not given. */
  level?: number;
  filename?: string;
}

export interface MadeConda {
  filename: string;
  bytes: Buffer;
  sha256: string;
  md5: string;
  /** What a channel's repodata says of it. */
  record: Record<string, unknown>;
}

/** A valid conda package, the same bytes for the same options. */
export function makeCondaPackage(options: CondaPackageOptions): MadeConda {
  const { name, version, build = '0', format = 'conda' } = options;
  const stem = `${name}-${version}-${build}`;
  const index = indexOf(options, build);
  const files = Object.entries(options.files ?? {}).map(([path, content]) => readContent(path, content));
  const info = infoFiles(options, index, files);
  const pkgEntries = [...files.map(tarEntry), ...(options.extra ?? [])];
  const infoEntries: TarEntry[] = [
    ...[...info].map(([path, content]) => ({ path: `info/${path}`, content })),
    ...(options.extraInfo ?? []),
  ];
  const bytes =
    format === 'conda'
      ? writeConda(stem, {
          info: writeTar(infoEntries, options.tar),
          pkg: writeTar(pkgEntries, options.tar),
          level: options.level,
        })
      : writeBzip2(writeTar([...infoEntries, ...pkgEntries], options.tar));
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  const [sha256, md5] = [digest('sha256'), digest('md5')];
  return {
    filename: options.filename ?? `${stem}.${format}`,
    bytes,
    sha256,
    md5,
    record: { ...index, sha256, md5, size: bytes.length },
  };
}

/** A `.conda` file of two tars. */
export function writeConda(
  stem: string,
  { info, pkg, level }: { info: Uint8Array; pkg: Uint8Array; level?: number },
): Buffer {
  return writeZip(condaMembers(stem, { info: compressZstd(info, level), pkg: compressZstd(pkg, level) }));
}

/** The members of a `.conda` file, in the order in which conda's own tools write them. */
export function condaMembers(stem: string, { info, pkg }: { info: Uint8Array; pkg: Uint8Array }): ZipEntry[] {
  return [
    { name: 'metadata.json', content: Buffer.from('{"conda_pkg_format_version": 2}'), stored: true },
    { name: `pkg-${stem}.tar.zst`, content: pkg, stored: true },
    { name: `info-${stem}.tar.zst`, content: info, stored: true },
  ];
}

export function compressZstd(bytes: Uint8Array, level = 1): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

interface PackedFile {
  path: string;
  content: Buffer;
  executable: boolean;
  placeholder: { text: string; mode: 'text' | 'binary' } | undefined;
  noLink: boolean;
  target: string | undefined;
  sameAs: string | undefined;
  directory: boolean;
  time: number;
}

function readContent(path: string, given: CondaContent): PackedFile {
  const from = typeof given === 'string' || given instanceof Uint8Array ? { content: given } : given;
  return {
    path,
    content: Buffer.from((from.content ?? '') as string),
    executable: from.executable ?? false,
    placeholder: from.placeholder,
    noLink: from.noLink ?? false,
    target: from.target,
    sameAs: from.sameAs,
    directory: from.directory ?? false,
    time: from.time ?? 0,
  };
}

function tarEntry({ path, content, executable, target, sameAs, directory, time }: PackedFile): TarEntry {
  if (directory) return { path: `${path}/`, type: '5', mode: 0o755 };
  if (target !== undefined) return { path, type: '2', target, mode: 0o777 };
  if (sameAs !== undefined) return { path, type: '1', target: sameAs };
  return { path, content, mode: executable ? 0o755 : 0o644, time };
}

function indexOf(options: CondaPackageOptions, build: string): Record<string, unknown> {
  const { name, version, buildNumber = 0, noarch, license, depends = [], constrains = [] } = options;
  return {
    name,
    version,
    build,
    build_number: buildNumber,
    subdir: options.subdir ?? (noarch === undefined ? 'linux-64' : 'noarch'),
    depends: [...depends],
    ...(constrains.length > 0 ? { constrains: [...constrains] } : {}),
    ...(noarch === undefined ? {} : { noarch }),
    ...(license === undefined ? {} : { license }),
    ...options.index,
  };
}

function infoFiles(
  options: CondaPackageOptions,
  index: Record<string, unknown>,
  files: readonly PackedFile[],
): Map<string, Uint8Array> {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const listed = files.filter(({ directory }) => !(directory && options.old));
  const all: Record<string, string | Uint8Array | undefined> = {
    'index.json': json(index),
    'about.json': json({ home: 'https://example.org' }),
    files: listed.map(({ path }) => `${path}\n`).join(''),
    ...(options.old ? oldLists(listed) : { 'paths.json': json({ paths: pathsOf(listed), paths_version: 1 }) }),
    ...(options.noarch === undefined ? {} : { 'link.json': json(linkOf(options)) }),
    ...options.info,
  };
  return new Map(
    Object.entries(all).flatMap(([path, content]) =>
      content === undefined ? [] : [[path, Buffer.from(content as string)] as const],
    ),
  );
}

function oldLists(files: readonly PackedFile[]): Record<string, string> {
  const prefixes = files.flatMap(({ path, placeholder }) =>
    placeholder === undefined ? [] : [`${placeholder.text} ${placeholder.mode} "${path}"\n`],
  );
  const noLink = files.flatMap(({ path, noLink: is }) => (is ? [`${path}\n`] : []));
  return {
    ...(prefixes.length > 0 ? { has_prefix: prefixes.join('') } : {}),
    ...(noLink.length > 0 ? { no_link: noLink.join('') } : {}),
  };
}

function linkOf({ noarch, entryPoints = [] }: CondaPackageOptions): unknown {
  const python = noarch === 'python' ? { entry_points: [...entryPoints] } : {};
  return { noarch: { type: noarch, ...python }, package_metadata_version: 1 };
}

function pathsOf(files: readonly PackedFile[]): unknown[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files.map((file) => {
    const content = contentOf(file, byPath);
    return {
      _path: file.path,
      path_type: file.directory ? 'directory' : file.target === undefined ? 'hardlink' : 'softlink',
      ...(file.directory
        ? {}
        : { sha256: createHash('sha256').update(content).digest('hex'), size_in_bytes: content.length }),
      ...(file.placeholder === undefined
        ? {}
        : { prefix_placeholder: file.placeholder.text, file_mode: file.placeholder.mode }),
      ...(file.noLink ? { no_link: true } : {}),
    };
  });
}

/** A link's is that of what it leads to. */
function contentOf({ path, content, target, sameAs }: PackedFile, byPath: ReadonlyMap<string, PackedFile>): Uint8Array {
  const next = byPath.get(sameAs ?? (target === undefined ? '' : sibling(path, target)));
  return next === undefined || next.path === path ? content : contentOf(next, byPath);
}

/** Where a link beside its target leads. */
function sibling(path: string, target: string): string {
  return new URL(target, `file:///${path}`).pathname.slice(1);
}

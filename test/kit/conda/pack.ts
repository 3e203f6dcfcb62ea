import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { pack as createTar } from 'tar-stream';
import { writeZip } from '../zip.ts';
import { placeholder } from './placeholder.ts';

/** A path of a package. */
export interface PackedFile {
  path: string;
  /** Bytes, or where a link leads. */
  content: Uint8Array | { target: string };
  executable?: boolean;
  /** It names the prefix by its placeholder. */
  prefix?: 'text' | 'binary';
}

/** What is in a package, and what a channel says of it. Names as conda's own files have them. */
export interface PackageContent {
  index: PackageIndex;
  files: readonly PackedFile[];
  /** `info/link.json`. */
  link?: unknown;
}

/** `info/index.json`, and a record of repodata without digests. */
export interface PackageIndex {
  name: string;
  version: string;
  build: string;
  build_number: number;
  subdir: string;
  depends: string[];
  constrains?: string[];
  noarch?: 'python' | 'generic';
  license?: string;
  python_site_packages_path?: string;
  [other: string]: unknown;
}

/** A record as repodata has it. */
export interface PackageRecord extends PackageIndex {
  md5: string;
  sha256: string;
  size: number;
}

export interface Packed {
  filename: string;
  bytes: Buffer;
  record: PackageRecord;
}

export type PackageFormat = 'conda' | 'tar.bz2';

/** A conda package, the same bytes for the same content on the same Node. */
export async function packConda(content: PackageContent, format: PackageFormat = 'conda'): Promise<Packed> {
  const { name, version, build } = content.index;
  const stem = `${name}-${version}-${build}`;
  const files = [...content.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const info = infoFiles(content, files);
  const bytes =
    format === 'conda' ? await writeConda(stem, info, files) : await compressBzip2(await writeTar([...info, ...files]));
  return {
    filename: `${stem}.${format}`,
    bytes,
    record: { ...content.index, md5: hash('md5', bytes), sha256: hash('sha256', bytes), size: bytes.length },
  };
}

async function writeConda(stem: string, info: readonly PackedFile[], files: readonly PackedFile[]): Promise<Buffer> {
  const part = async (name: string, contents: readonly PackedFile[]) => ({
    name: `${name}-${stem}.tar.zst`,
    content: compress(await writeTar(contents)),
    stored: true,
  });
  return writeZip([
    { name: 'metadata.json', content: Buffer.from('{"conda_pkg_format_version": 2}'), stored: true },
    await part('pkg', files),
    await part('info', info),
  ]);
}

function infoFiles({ index, link }: PackageContent, files: readonly PackedFile[]): PackedFile[] {
  const paths = files.map(({ path, content, prefix }) => ({
    _path: path,
    path_type: 'target' in content ? 'softlink' : 'hardlink',
    ...digestOf(content, files),
    ...(prefix === undefined ? {} : { file_mode: prefix, prefix_placeholder: placeholder }),
  }));
  const json = (path: string, value: unknown): PackedFile => ({
    path: `info/${path}`,
    content: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
  });
  const marked = files.filter(({ prefix }) => prefix !== undefined);
  return [
    json('about.json', { summary: `${index.name}, packed for tests`, license: index.license ?? '' }),
    { path: 'info/files', content: Buffer.from(files.map(({ path }) => `${path}\n`).join('')) },
    ...(marked.length === 0
      ? []
      : [
          {
            path: 'info/has_prefix',
            content: Buffer.from(marked.map(({ path, prefix }) => `${placeholder} ${prefix} ${path}\n`).join('')),
          },
        ]),
    json('index.json', index),
    ...(link === undefined ? [] : [json('link.json', link)]),
    json('paths.json', { paths, paths_version: 1 }),
  ];
}

/** Of a link, conda records what it leads to, if that is in the package. */
function digestOf(
  content: PackedFile['content'],
  files: readonly PackedFile[],
): { sha256: string; size_in_bytes: number } {
  if (!('target' in content)) return { sha256: hash('sha256', content), size_in_bytes: content.length };
  const end = files.find(({ path }) => path.endsWith(`/${content.target}`))?.content;
  const bytes = end === undefined || 'target' in end ? Buffer.alloc(0) : end;
  return { sha256: hash('sha256', bytes), size_in_bytes: bytes.length };
}

async function writeTar(files: readonly PackedFile[]): Promise<Buffer> {
  const tar = createTar();
  const mtime = new Date(0);
  for (const { path: name, content, executable } of files) {
    if ('target' in content) tar.entry({ name, mtime, type: 'symlink', linkname: content.target });
    else tar.entry({ name, mtime, mode: executable ? 0o755 : 0o644 }, Buffer.from(content));
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function compress(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

/** By Python, because Node cannot. */
export async function compressBzip2(bytes: Uint8Array): Promise<Buffer> {
  const program = 'import bz2, sys; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read()))';
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(bytes);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`Python's bz2 ended with ${String(code)}`);
  return Buffer.concat(chunks);
}

function hash(algorithm: 'md5' | 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { createTarReader } from '../tar/tar-reader.ts';
import type { UnpackRequest } from '../unpack-request.ts';
import type { CondaFile } from '../unpacked-conda.ts';
import { type CompressedPart, partOfFile } from './compressed-part.ts';
import { readCondaFacts } from './conda-facts.ts';
import { writeCondaIndex } from './conda-index.ts';
import { openCondaParts } from './conda-parts.ts';
import { readDeclaredPaths } from './declared-paths.ts';
import { decompressBzip2 } from './decompress-bzip2.ts';
import { decompressZstd } from './decompress-zstd.ts';
import { openInfoFolder } from './info-file.ts';
import { installScripts } from './install-scripts.ts';
import { invalidPackage } from './invalid-package.ts';
import { type Component, createPackageTree, isInfo, type PackageTree } from './package-tree.ts';
import { settleFiles } from './settle-files.ts';

/**
 * Unpacks a conda package of either format; `folder` gets `files/` and `index`. Synchronous calls on purpose: this runs in a worker thread.
 * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_PACKAGE.
 */
export async function unpackConda({ archive, folder, sha256, filename }: UnpackRequest): Promise<void> {
  mkdirSync(`${folder}/files/info`, { recursive: true });
  const fd = openSync(archive, 'r');
  let component: Component = 'both';
  const tree = createPackageTree(folder, filename, () => component);
  try {
    if (filename.endsWith('.conda')) {
      const parts = await openCondaParts(fd, filename, folder);
      try {
        component = 'info';
        await untar(parts.info, tree, decompressZstd);
        component = 'pkg';
        await untar(parts.pkg, tree, decompressZstd);
      } finally {
        parts.close();
      }
    } else if (filename.endsWith('.tar.bz2')) {
      const part = partOfFile(fd, 0, { size: fstatSync(fd).size, label: filename, name: filename });
      await untar(part, tree, decompressBzip2);
    } else throw invalidPackage(filename, 'its name ends neither in `.conda` nor in `.tar.bz2`');
  } finally {
    tree.close();
    closeSync(fd);
  }
  settle({ folder, sha256, filename }, tree);
}

async function untar(
  part: CompressedPart,
  tree: PackageTree,
  decompress: (part: CompressedPart, take: (chunk: Buffer) => void) => Promise<void> | void,
): Promise<void> {
  const reader = createTarReader(part.label, tree);
  await decompress(part, reader.push);
  reader.finish();
}

/** Reads what the package says of itself, holds it against what there is, and leaves in `files/` what is installed. */
function settle({ folder, sha256, filename }: Omit<UnpackRequest, 'archive'>, tree: PackageTree): void {
  const names = new Set([...tree.members].filter(([, { kind }]) => kind === 'file').map(([path]) => path));
  const info = openInfoFolder(`${folder}/files/info`, names, filename);
  const facts = readCondaFacts(info);
  const files = settleFiles(readDeclaredPaths(info), {
    tree,
    label: filename,
    isNoarchPython: facts.noarch === 'python',
  });
  dropUnlisted(folder, tree, files);
  // Last of all: nothing can be written through a link that does not exist.
  for (const { path, type, target } of files) {
    if (type === 'file') continue;
    mkdirSync(`${folder}/files/${type === 'link' ? dirname(path) : path}`, { recursive: true });
    if (type === 'directory') continue;
    if (tree.members.get(path)?.kind === 'file') unlinkSync(`${folder}/files/${path}`);
    symlinkSync(target ?? '', `${folder}/files/${path}`);
  }
  // conda's own tools look there for it, from what `conda-meta` says of a prefix.
  if (!existsSync(`${folder}/files/info`)) symlinkSync('../info', `${folder}/files/info`);
  const infoFiles = [...tree.members]
    .filter(([path, { kind }]) => isInfo(path) && kind === 'file')
    .map(([path, { sha256: digest, size }]) => ({ path: path.slice('info/'.length), sha256: digest, size }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  writeCondaIndex(folder, { sha256, filename, ...facts, files, scripts: installScripts(facts.name, files), infoFiles });
}

/** Conda installs what is listed, and nothing else. */
function dropUnlisted(folder: string, tree: PackageTree, files: readonly CondaFile[]): void {
  const listed = new Set(files.map(({ path }) => path));
  for (const [path, { kind }] of tree.members)
    if (kind === 'file' && !isInfo(path) && !listed.has(path)) unlinkSync(`${folder}/files/${path}`);
}

import { createHash } from 'node:crypto';
import { basename, dirname, posix, resolve } from 'node:path';
import { type FileAccess, readDefinition, type TreeEntry } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';
import { readBytes, statIfExists } from '../io/index.ts';
import type { UploadedFiles } from '../schema/index.ts';
import { decodeSource } from './decode-source.ts';
import { accessFolder } from './folder-files.ts';

/** Content on this machine that another one may want. */
export type PackedContent = { bytes: Uint8Array } | { file: string };

/** A definition with everything that it refers to, to be sent elsewhere. */
export interface PackedDefinition {
  text: string;
  path: string;
  files: UploadedFiles;
  /** By digest. */
  contents: Map<string, PackedContent>;
}

/** Reads a definition's file as registering would, and keeps what it reads. @throws AppError FILE_NOT_FOUND, INVALID_DEFINITION. */
export async function packDefinition(file: string): Promise<PackedDefinition> {
  if ((await statIfExists(file))?.isFile() !== true)
    throw new AppError('FILE_NOT_FOUND', `the file \`${file}\` does not exist`);
  const path = basename(file);
  const text = decodeSource(await readBytes(file), file);
  const packed: PackedDefinition = { text, path, files: {}, contents: new Map() };
  await readDefinition({ path, text }, recordAccess(dirname(file), packed));
  return packed;
}

function recordAccess(folder: string, { files, contents }: PackedDefinition): FileAccess {
  const access = accessFolder(folder);
  const keepEntry = async (path: string, entry: TreeEntry): Promise<void> => {
    if (entry.type === 'link') files[path] = { link: entry.target ?? '' };
    else {
      const digest = await entry.digest();
      files[path] = { digest, ...(entry.executable ? { executable: true } : {}) };
      contents.set(digest, { file: resolve(folder, path) });
    }
  };
  return {
    kind: access.kind,
    readBytes: async (path) => {
      const bytes = await access.readBytes(path);
      if (bytes !== undefined) {
        const digest = createHash('sha256').update(bytes).digest('hex');
        files[posix.normalize(path)] ??= { digest };
        contents.set(digest, { bytes });
      }
      return bytes;
    },
    listTree: async (path, skip) => {
      const entries = await access.listTree(path, skip);
      for (const entry of entries) await keepEntry(posix.join(path, entry.path), entry);
      return entries;
    },
  };
}

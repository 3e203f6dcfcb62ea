import { createHash } from 'node:crypto';
import { posix, resolve } from 'node:path';
import { type FileAccess, type ReadWarning, readDefinition, type TreeEntry } from '../../definition/index.ts';
import type { SourceDocument } from '../../documents/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { accessFolder } from './folder-files.ts';
import type { PackedContent } from './packed-content.ts';
import { type LocalSource, locateSource, showWarnings, withFilesAsShown } from './read-source.ts';

/** A definition with everything that it refers to, to be sent elsewhere. */
export interface PackedDefinition {
  text: string;
  path: string;
  files: UploadedFiles;
  /** By digest. */
  contents: Map<string, PackedContent>;
  warnings: readonly ReadWarning[];
}

/** Reads a definition as registering would, and keeps what it reads. @throws AppError FILE_NOT_FOUND, INVALID_DEFINITION. */
export async function packDefinition(place: Pick<App, 'cwd'>, source: LocalSource): Promise<PackedDefinition> {
  const located = await locateSource(place, source);
  const { folder, path, text } = located;
  const packed = await withFilesAsShown(located, () => packText({ path, text }, accessFolder(folder), folder));
  return { ...packed, warnings: showWarnings(packed, located.shown) };
}

/** The same for a text that does not stand in its folder. */
export async function packText(source: SourceDocument, access: FileAccess, folder: string): Promise<PackedDefinition> {
  const packed = { ...source, files: {}, contents: new Map<string, PackedContent>() };
  const { warnings } = await readDefinition(source, recordAccess(access, folder, packed));
  return { ...packed, warnings };
}

/** Notes what is read, below `folder`. */
export function recordAccess(
  access: FileAccess,
  folder: string,
  { files, contents }: Pick<PackedDefinition, 'files' | 'contents'>,
): FileAccess {
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

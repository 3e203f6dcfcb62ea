import { lstat, readdir, readlink } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { FileAccess, TreeEntry } from '../../definition/index.ts';
import { fsErrorToAppError, hashFile, readBytesIfExists, statIfExists } from '../../io/index.ts';

/** The files around a definition on disk. Paths are relative to `folder`. */
export function accessFolder(folder: string): FileAccess {
  const at = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    readBytes: async (path) => {
      const stats = await statIfExists(at(path));
      return stats?.isFile() === true ? await readBytesIfExists(at(path)) : undefined;
    },
    kind: async (path) => {
      const stats = await statIfExists(at(path));
      if (stats === undefined) return undefined;
      return stats.isDirectory() ? 'folder' : 'file';
    },
    listTree: async (path, skip) => await listTree(at(path), skip),
  };
}

/** Every file and link below `root`, sorted by path (UTF-16 code units). Links are not followed; sockets and devices are left out. */
async function listTree(root: string, skip: (path: string) => boolean = () => false): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const item of await readdir(join(root, relative), { withFileTypes: true })) {
      const path = relative === '' ? item.name : `${relative}/${item.name}`;
      if (item.isDirectory()) {
        if (!skip(path)) await visit(path);
      } else if (item.isFile() || item.isSymbolicLink()) entries.push(await entryOf(root, path));
    }
  };
  try {
    await visit('');
  } catch (error) {
    throw fsErrorToAppError(error, `read the folder \`${root}\``);
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function entryOf(root: string, path: string): Promise<TreeEntry> {
  const absolute = join(root, path);
  const stats = await lstat(absolute);
  if (stats.isSymbolicLink()) {
    const target = await readlink(absolute);
    return { path, type: 'link', executable: false, size: 0, target, digest: () => Promise.resolve('') };
  }
  return {
    path,
    type: 'file',
    executable: (stats.mode & 0o111) !== 0,
    size: stats.size,
    digest: async () => (await hashFile(absolute)).sha256,
  };
}

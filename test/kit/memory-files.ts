import type { FileAccess, TreeEntry } from '../../src/definition/index.ts';
import { sha256 } from '../../src/schema/index.ts';

/** Files around a definition that stand in memory, by their path. A path that ends in `*` is executable. */
export function memoryFiles(files: Readonly<Record<string, string>>): FileAccess {
  const entries = Object.entries(files).map(([path, text]) => ({
    path: path.replace(/\*$/, ''),
    executable: path.endsWith('*'),
    text,
  }));
  const below = (folder: string, path: string): boolean => folder === '.' || path.startsWith(`${folder}/`);
  return {
    readBytes: (path) => {
      const found = entries.find((entry) => entry.path === path);
      return Promise.resolve(found === undefined ? undefined : Buffer.from(found.text));
    },
    kind: (path) => {
      if (entries.some((entry) => entry.path === path)) return Promise.resolve('file');
      return Promise.resolve(entries.some((entry) => below(path, entry.path)) ? 'folder' : undefined);
    },
    listTree: (folder, skip = () => false) => {
      const inside = entries.filter(({ path }) => below(folder, path));
      const listed = inside.map(
        ({ path, executable, text }): TreeEntry => ({
          path: folder === '.' ? path : path.slice(folder.length + 1),
          type: 'file',
          executable,
          size: text.length,
          digest: () => Promise.resolve(sha256(text)),
        }),
      );
      return Promise.resolve(
        listed.filter(({ path }) => !path.includes('/') || !skip(path.slice(0, path.lastIndexOf('/')))),
      );
    },
  };
}

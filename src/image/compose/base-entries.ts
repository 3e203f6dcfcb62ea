import { findNode, resolvePath, type TreeNode } from '../base/file-tree.ts';
import type { LayerEntry } from '../layers/layer-recipe.ts';

/**
 * The folders above a path that the base has, with its own modes and owners. A layer has an entry for each folder above what is in it, and the
 * last one wins: without these, engines would give the base's folders the mode of ours.
 */
export function foldersOfBase(root: TreeNode, path: string): LayerEntry[] {
  const entries: LayerEntry[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const folder = path.slice(0, slash);
    const node = findNode(root, folder);
    if (node?.kind !== 'folder') break;
    entries.push({ kind: 'folder', path: folder, mode: node.mode, uid: node.uid, gid: node.gid });
  }
  return entries;
}

/** What makes a working folder that the base does not have, as Docker's builder makes it. Nothing if it is there. */
export function workingFolder(root: TreeNode, folder: string): LayerEntry[] {
  const { path, node } = resolvePath(root, folder);
  if (node !== undefined || path === '') return [];
  return [...foldersOfBase(root, path), { kind: 'folder', path, mode: 0o755, uid: 0, gid: 0 }];
}

/** One entry for each path: of several, the last. */
export function uniqueEntries(entries: readonly LayerEntry[]): LayerEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

import { canonicalJson, sha256 } from '../schema/index.ts';
import type { FileAccess, ReferencedFile, TreeEntry } from './file-access.ts';

type Entries = NonNullable<ReferencedFile['entries']>;

/** The digest of a folder's content: sorted (path, type, executable bit, content or link target). No times, no owners. */
export function treeDigest(entries: Entries): string {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sha256(
    canonicalJson(
      sorted.map(({ path, type, executable, digest, target }) => [
        path,
        type,
        executable,
        type === 'link' ? (target ?? '') : digest,
      ]),
    ),
  );
}

/** Lists a folder, leaves out what `ignored` says, and digests the rest. */
export async function digestTree(
  files: FileAccess,
  path: string,
  options: { ignored: (entry: TreeEntry) => boolean; skip?: (folder: string) => boolean },
): Promise<ReferencedFile> {
  const listed = await files.listTree(path, options.skip);
  const entries: Entries = [];
  for (const entry of listed) {
    if (options.ignored(entry)) continue;
    const { path: name, type, executable, size, target } = entry;
    entries.push({ path: name, type, executable, size, digest: type === 'link' ? '' : await entry.digest(), target });
  }
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  return { path, digest: treeDigest(entries), size, kind: 'tree', entries };
}

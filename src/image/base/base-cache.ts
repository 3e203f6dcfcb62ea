import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listFolder, readBytesIfExists, statIfExists, touchFile, writeAtomically } from '../../io/index.ts';
import { sha256 } from '../../schema/index.ts';
import { discard } from '../../store/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { createRoot, listTree, type TreeNode } from './file-tree.ts';
import type { Base } from './read-base.ts';

/** Number of the form in which a base is kept: what has another one is read again. */
const format = 1;
const day = 86_400_000;

/** Base images that were read on this machine. */
export interface BaseCache {
  /** By the digest of the manifest. It counts as used now. */
  find(digest: string): Promise<Base | undefined>;
  keep(base: Base): Promise<void>;
  gc(options: { olderThanDays: number; dryRun?: boolean }): Promise<{ removed: { count: number; bytes: number } }>;
}

export function createBaseCache(root: string): BaseCache {
  const pathOf = (digest: string): string => join(root, 'bases', digest.replace(':', '-'));
  return {
    find: async (digest) => {
      const path = pathOf(digest);
      const bytes = await readBytesIfExists(path);
      const base = bytes === undefined ? undefined : parseBase(bytes);
      if (base?.digest !== digest) return undefined;
      await touchFile(path);
      return base;
    },
    keep: async (base) => await writeAtomically(pathOf(base.digest), baseText(base), { mode: 0o444 }),
    gc: async ({ olderThanDays, dryRun = false }) => {
      const removed = { count: 0, bytes: 0 };
      for (const { name } of await listFolder(dirname(pathOf('x:x')))) {
        const path = join(root, 'bases', name);
        const stats = await statIfExists(path);
        if (stats === undefined || stats.mtimeMs > Date.now() - olderThanDays * day) continue;
        removed.count += 1;
        removed.bytes += stats.size;
        if (!dryRun) await discard(root, path);
      }
      return { removed };
    },
  };
}

type Row = [path: string, kind: TreeNode['kind'], mode: number, uid: number, gid: number, target?: string];

/** What was read of a base, to be kept elsewhere. */
export function packBase(base: Base): Buffer {
  return gzipSync(baseText(base), { level: 1 });
}

/** More than any image's list of paths. */
const largest = 512 << 20;

/** Undefined if it is damaged, of another form, or of another base. */
export function unpackBase(bytes: Buffer, digest: string): Base | undefined {
  try {
    const base = parseBase(gunzipSync(bytes, { maxOutputLength: largest }));
    return base?.digest === digest ? base : undefined;
  } catch {
    return undefined;
  }
}

/** A base as a text that is sealed by its digest. */
export function baseText({ digest, root, facts }: Base): string {
  const rows = [...listTree(root)].map(
    ([path, { kind, mode, uid, gid, target }]): Row =>
      target === undefined ? [path, kind, mode, uid, gid] : [path, kind, mode, uid, gid, target],
  );
  const own = { mode: root.mode, uid: root.uid, gid: root.gid };
  const body = JSON.stringify({ format, digest, facts, root: own, rows });
  return `${sha256(body)}\n${body}`;
}

/** Undefined if it is damaged, or of another form. */
export function parseBase(bytes: Buffer): Base | undefined {
  if (sha256(bytes.subarray(65)) !== bytes.toString('latin1', 0, 64)) return undefined;
  const value = JSON.parse(bytes.toString('utf8', 65)) as {
    format: number;
    digest: string;
    facts: BaseFacts;
    root: Pick<TreeNode, 'mode' | 'uid' | 'gid'>;
    rows: Row[];
  };
  if (value.format !== format) return undefined;
  const root = Object.assign(createRoot(), value.root);
  const folders = new Map([['', root]]);
  for (const [path, kind, mode, uid, gid, target] of value.rows) {
    const slash = path.lastIndexOf('/');
    const node: TreeNode = { kind, mode, uid, gid };
    if (target !== undefined) node.target = target;
    if (kind === 'folder') {
      node.children = new Map();
      folders.set(path, node);
    }
    folders.get(path.slice(0, Math.max(0, slash)))?.children?.set(path.slice(slash + 1), node);
  }
  return { digest: value.digest, root, facts: value.facts };
}

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFolder, removeTree, statIfExists } from '../io/index.ts';
import { discard } from './discard.ts';
import type { GcOptions } from './store.ts';
import { sizeOf } from './tree-size.ts';

const day = 86_400_000;
/** What others made in `tmp`, and partial downloads, which can be resumed: so long they stay. */
const abandonedAfter = day;
/** What only exists while somebody installs. */
const ownTemporary = /^(?:gone|unpack|prefix|layer)-/;

/**
 * Removes archives and what was unpacked of them that nobody keeps and nobody used lately, and solvers' answers and compiled code
 * (of which Node makes anew what it needs) of long ago. A package's time is that of its index, which is set when it is used;
 * its archive counts as used with it. Nobody may install meanwhile.
 */
export async function collectGarbage(
  root: string,
  { keepArchives, olderThanDays, dryRun = false }: GcOptions,
): Promise<{ removed: { count: number; bytes: number } }> {
  const removed = { count: 0, bytes: 0 };
  const limit = Date.now() - olderThanDays * day;
  const remove = async (path: string): Promise<void> => {
    removed.count += 1;
    removed.bytes += sizeOf(path);
    if (!dryRun) await discard(root, path);
  };
  const usedLately = new Set<string>();
  for (const { path, name } of await shelves(root, 'unpacked')) {
    const stats = (await statIfExists(join(path, 'index'))) ?? (await statIfExists(path));
    if (stats !== undefined && stats.mtimeMs > limit) usedLately.add(name);
    else if (!keepArchives.has(name)) await remove(path);
  }
  for (const { path, name } of await shelves(root, 'archives')) {
    const stats = await statIfExists(path);
    if (stats === undefined || stats.mtimeMs > limit || usedLately.has(name) || keepArchives.has(name)) continue;
    await remove(path);
  }
  for (const kind of ['answers', 'compiled'])
    for (const { name } of await listFolder(join(root, kind))) {
      const path = join(root, kind, name);
      const stats = await statIfExists(path);
      if (stats !== undefined && stats.mtimeMs <= limit) await remove(path);
    }
  return { removed };
}

/** Removes what processes that died left behind, and lock files, which nobody holds or waits for. Nobody may install meanwhile. */
export async function sweep(root: string): Promise<void> {
  for (const { name } of await listFolder(join(root, 'tmp'))) {
    const path = join(root, 'tmp', name);
    const stats = await statIfExists(path);
    if (stats !== undefined && (ownTemporary.test(name) || Date.now() - stats.mtimeMs > abandonedAfter))
      await removeTree(path);
  }
  for (const { name } of await listFolder(join(root, 'locks'))) {
    if (/^(?:archive|unpack|prefix|repodata)-/.test(name)) await rm(join(root, 'locks', name), { force: true });
  }
}

async function shelves(root: string, kind: string): Promise<{ path: string; name: string }[]> {
  const found: { path: string; name: string }[] = [];
  for (const shelf of await listFolder(join(root, kind))) {
    for (const { name } of await listFolder(join(root, kind, shelf.name)))
      found.push({ path: join(root, kind, shelf.name, name), name });
  }
  return found;
}

import { join } from 'node:path';
import { listFolder, removeTree, renameOver, statIfExists } from '../io/index.ts';
import type { GcOptions } from './store.ts';
import { sizeOf } from './tree-size.ts';

const day = 86_400_000;
/** What stands in `tmp` for longer than this belongs to a process that died. */
const abandonedAfter = day;

/** Removes archives and unpacked wheels that nobody keeps and nobody used lately. A thing leaves by a rename first, so no one sees half of it. */
export async function collectGarbage(
  root: string,
  { keepArchives, olderThanDays, dryRun }: GcOptions,
): Promise<{ removed: { count: number; bytes: number } }> {
  const removed = { count: 0, bytes: 0 };
  const limit = Date.now() - olderThanDays * day;
  for (const kind of ['unpacked', 'archives']) {
    for (const shelf of await listFolder(join(root, kind))) {
      for (const { name } of await listFolder(join(root, kind, shelf.name))) {
        const path = join(root, kind, shelf.name, name);
        const stats = await statIfExists(path);
        if (stats === undefined || keepArchives.has(name) || Math.max(stats.mtimeMs, stats.atimeMs) > limit) continue;
        removed.count += 1;
        removed.bytes += sizeOf(path);
        if (dryRun !== true) await remove(root, path, `${kind}-${name}`);
      }
    }
  }
  return { removed };
}

/** Removes what processes that died left behind. Partial downloads stay for a day, to be resumed. */
export async function sweepTemporary(root: string): Promise<void> {
  for (const { name } of await listFolder(join(root, 'tmp'))) {
    const path = join(root, 'tmp', name);
    const stats = await statIfExists(path);
    if (stats !== undefined && Date.now() - stats.mtimeMs > abandonedAfter) await removeTree(path);
  }
}

async function remove(root: string, path: string, name: string): Promise<void> {
  const away = join(root, 'tmp', `gone-${process.pid}-${name}`);
  await renameOver(path, away);
  await removeTree(away);
}

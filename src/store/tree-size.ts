import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface TreeSize {
  count: number;
  bytes: number;
}

/** How many things stand `depth` levels below a folder, and the bytes of their files; with `own`, only of those that have no other name. */
export async function measureTree(folder: string, depth: number, { own = false } = {}): Promise<TreeSize> {
  let count = 0;
  let bytes = 0;
  for (const { stats, level } of walk(folder, 0)) {
    if (level === depth) count += 1;
    if (stats?.isFile() === true && !(own && stats.nlink > 1)) bytes += stats.size;
  }
  return { count, bytes };
}

/** The bytes of the files of one thing. */
export function sizeOf(path: string): number {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (own === undefined) return 0;
  let bytes = own.isFile() ? own.size : 0;
  if (own.isDirectory()) for (const { stats } of walk(path, 0)) bytes += stats?.isFile() === true ? stats.size : 0;
  return bytes;
}

function* walk(folder: string, level: number): Generator<{ stats: Stats | undefined; level: number }> {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // Gone, or never made: nothing to count.
  }
  for (const name of names) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    yield { stats, level: level + 1 };
    if (stats?.isDirectory() === true) yield* walk(path, level + 1);
  }
}

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface TreeSize {
  count: number;
  bytes: number;
}

/** How many things stand `depth` levels below a folder, and the bytes of their files. */
export async function measureTree(folder: string, depth: number): Promise<TreeSize> {
  let count = 0;
  let bytes = 0;
  for (const { path, level } of walk(folder, 0)) {
    if (level === depth) count += 1;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() === true) bytes += stats.size;
  }
  return { count, bytes };
}

/** The bytes of the files of one thing. */
export function sizeOf(path: string): number {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (own === undefined) return 0;
  let bytes = own.isFile() ? own.size : 0;
  if (own.isDirectory())
    for (const entry of walk(path, 0)) bytes += lstatSync(entry.path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

function* walk(folder: string, level: number): Generator<{ path: string; level: number }> {
  let entries: { name: string; isDirectory(): boolean }[] = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone, or never made: nothing to count.
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    yield { path, level: level + 1 };
    if (entry.isDirectory()) yield* walk(path, level + 1);
  }
}

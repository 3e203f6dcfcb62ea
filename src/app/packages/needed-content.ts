import { readBytesIfExists, readFileRange, statIfExists } from '../../io/index.ts';
import type { Workspace } from '../../workspace/index.ts';

/** Lists of files are no larger. */
const largestList = 64 << 20;

/**
 * Every digest that a record of the workspace names, and what stands in the lists that those name: snapshots, build contexts and models are lists
 * of files. What only looks like a digest is kept too: rather too much than too little.
 */
export async function neededContent({ references, blobs }: Workspace): Promise<Set<string>> {
  const needed = new Set<string>();
  const waiting = [...(await references())];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (needed.has(`sha256:${digest}`)) continue;
    needed.add(`sha256:${digest}`);
    for (const [inside] of (await listText(blobs.path(digest))).matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g))
      if (!needed.has(`sha256:${inside}`)) waiting.push(inside);
  }
  return needed;
}

/** Empty for what is no JSON. */
async function listText(path: string): Promise<string> {
  const stats = await statIfExists(path);
  if (stats === undefined || stats.size > largestList) return '';
  for await (const start of readFileRange(path, { end: 0 })) if (start[0] !== 0x5b && start[0] !== 0x7b) return '';
  return (await readBytesIfExists(path))?.toString('latin1') ?? '';
}

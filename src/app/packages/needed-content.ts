import type { Workspace } from '../../workspace/index.ts';

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
    const list = (await blobs.readList(digest))?.toString('latin1') ?? '';
    for (const [inside] of list.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g))
      if (!needed.has(`sha256:${inside}`)) waiting.push(inside);
  }
  return needed;
}

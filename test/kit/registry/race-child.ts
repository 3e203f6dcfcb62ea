/**
 * Pushes small images again and again into a folder that others use too: `race-child.ts FOLDER GRACE MILLISECONDS SEED`. What is there is not sent again.
 * Ends with JSON: how often that was so, and what was promised and not kept.
 */
import { createRegistry } from '../../../src/registry/index.ts';
import { mediaTypes } from '../../../src/schema/index.ts';
import { sha256Of, smallImage } from './image.ts';

const [root = '', grace = '', duration = '', seed = ''] = process.argv.slice(2);
const registry = createRegistry(root, { grace: Number(grace) });
const result = { pushes: 0, reused: 0, sent: 0, broken: [] as string[] };
const end = Date.now() + Number(duration);
let random = Number(seed);

while (Date.now() < end) {
  const number = next(4);
  const repository = registry.repository(`race/${next(2)}`);
  const image = smallImage([`layer ${number}`, `layer ${number + 1}`], { annotations: { by: seed } });
  const startedAt = Date.now();
  for (const content of [image.config, ...image.layers]) await push(repository, content);
  try {
    await repository.putManifest({
      bytes: image.manifest,
      contentType: mediaTypes.ociManifest,
      reference: `by-${seed}`,
    });
    result.pushes += 1;
    await pull(repository, image);
  } catch (error) {
    // Who takes longer than half of the grace was promised nothing.
    if (Date.now() - startedAt < Number(grace) / 2) result.broken.push(String(error));
  }
  await repository.deleteManifest(image.digest);
  await new Promise((resolve) => setTimeout(resolve, next(5) === 0 ? next(Number(grace) * 2) : next(20)));
}
console.log(JSON.stringify(result));

type Repository = ReturnType<typeof registry.repository>;

async function push(repository: Repository, content: Buffer): Promise<void> {
  const digest = sha256Of(content);
  if ((await repository.findBlob(digest)) === undefined) {
    await repository.addBlob(content, digest);
    result.sent += 1;
  } else result.reused += 1;
}

async function pull(repository: Repository, image: ReturnType<typeof smallImage>): Promise<void> {
  for (const content of [image.config, ...image.layers]) {
    const digest = sha256Of(content);
    const reading = await repository.readBlob(digest);
    if (reading === undefined) throw new Error(`${digest} is gone`);
    const pieces: Buffer[] = [];
    for await (const piece of reading.pieces()) pieces.push(piece);
    if (!Buffer.concat(pieces).equals(content)) throw new Error(`${digest} is another`);
  }
}

/** The same numbers for the same seed, below `limit`. */
function next(limit: number): number {
  random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
  return Math.floor((random / 2 ** 31) * limit);
}

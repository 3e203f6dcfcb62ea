import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type BlobStream, type Layer, verifyStream } from '../image/index.ts';
import type { Repository } from './store/registry.ts';

/** Bytes that the slower of the two may lag behind. */
const lag = 4 << 20;

/** The same layer, which a repository on this machine has from when somebody has read it. */
export function keepLayer(layer: Layer, repository: Repository, registry: string): Layer {
  const { digest } = layer.descriptor;
  return {
    ...layer,
    from: { registry, name: repository.name },
    open: async function* (options) {
      const known = await repository.readBlob(digest);
      if (known === undefined)
        yield* keepWhileRead(layer.open(options), async (copy) => await repository.addBlob(copy, digest));
      else yield* verifyStream(known.pieces(), layer.descriptor);
    },
  };
}

/** The same stream, of which `keep` gets a copy on the way. It ends when the copy is kept; whoever stops before gives the copy up. */
async function* keepWhileRead(
  stream: BlobStream,
  keep: (copy: AsyncIterable<Uint8Array>) => Promise<unknown>,
): BlobStream {
  const copy = new PassThrough({ highWaterMark: lag });
  // What it says then was said here.
  copy.on('error', () => undefined);
  const kept = keep(copy);
  kept.catch(() => undefined);
  let failure: unknown = new Error('nobody reads on');
  try {
    for await (const chunk of stream) {
      if (!copy.write(chunk)) await Promise.race([once(copy, 'drain'), kept]);
      yield chunk;
    }
    copy.end();
    failure = undefined;
    await kept;
  } catch (error) {
    failure ??= error;
    throw error;
  } finally {
    if (failure !== undefined) copy.destroy(failure as Error);
    await Promise.allSettled([kept]);
  }
}

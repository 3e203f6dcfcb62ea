import { AppError } from '../errors/index.ts';
import type { BlobStream, ImageSink, ImageSource } from '../image/index.ts';
import type { RemoteRepository } from './client/client.ts';

/** A repository somewhere else, as where images are read. `name` is the repository's, `registry` its host. */
export function remoteSource(
  remote: RemoteRepository,
  { registry, name }: { registry: string; name: string },
): ImageSource {
  const whole = `${registry}/${name}`;
  return {
    name: whole,
    repository: { registry, name },
    readManifest: async (reference = 'latest', options) => {
      const { mediaType, digest, bytes } = await remote.readManifest(reference, options);
      return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    },
    openBlob: ({ digest }, options) => remote.readBlob(digest, options),
  };
}

/** The same, as where images are written. `findsBlobs`: the registry is one of ours, and looks by itself which repository has a blob. */
export function remoteSink(
  remote: RemoteRepository,
  { registry, name, findsBlobs = false }: { registry: string; name: string; findsBlobs?: boolean },
): ImageSink {
  return {
    name: `${registry}/${name}`,
    hasBlob: async ({ digest }) => (await remote.findBlob(digest)) !== undefined,
    writeBlob: async ({ digest, size }, open, { from, signal } = {}) => {
      const known = from?.registry === registry && from.name !== name ? from.name : undefined;
      const mountFrom = known ?? (findsBlobs ? null : undefined);
      const blob = { digest, size, open: (start: number) => skip(open(), start) };
      await remote.pushBlob(blob, { mountFrom, isMissing: true, signal });
    },
    writeManifest: async ({ descriptor: { mediaType, digest }, bytes }, { tags = [], signal } = {}) => {
      for (const reference of tags.length === 0 ? [undefined] : tags) {
        const pushed = await remote.pushManifest({ bytes, mediaType, reference }, { signal });
        if (pushed.digest !== digest)
          throw new AppError('DIGEST_MISMATCH', `\`${registry}\` took ${digest} in as ${pushed.digest}`);
      }
    },
  };
}

/** Where a registry has the first bytes already. */
async function* skip(stream: BlobStream, start: number): BlobStream {
  let left = start;
  for await (const piece of stream) {
    if (left >= piece.length) left -= piece.length;
    else {
      yield left === 0 ? piece : piece.subarray(left);
      left = 0;
    }
  }
}

import { inParallel } from '../io/index.ts';
import type { Descriptor } from '../schema/index.ts';
import type { BlobStream, Content, Image, ImageSink, Layer, MultiImage } from './image.ts';
import { isMultiImage } from './open-image.ts';

export interface WriteImageOptions {
  tags: readonly string[];
  /** Blobs on their way at the same time. */
  concurrency?: number;
  signal?: AbortSignal;
  /** A blob is there: it was already, or it was written. */
  onBlob?: (descriptor: Descriptor, outcome: 'present' | 'written') => void;
}

const defaultConcurrency = 4;
/** Questions whether a blob is there, at the same time. */
const lookUps = 16;

/**
 * Writes an image, or several with their index, to where it shall be: what is missing there, manifests last, the tags when all is there.
 * @throws what source and sink throw; nothing is tagged then.
 */
export async function writeImage(
  image: Image | MultiImage,
  sink: ImageSink,
  { tags, concurrency = defaultConcurrency, signal, onBlob }: WriteImageOptions,
): Promise<void> {
  const images = isMultiImage(image) ? image.images.map((each) => each.image) : [image];
  const blobs = new Map<string, { descriptor: Descriptor; open: () => BlobStream } & Pick<Layer, 'from' | 'file'>>();
  for (const { layers, config } of images) {
    for (const { descriptor, open, from, file } of layers)
      blobs.set(descriptor.digest, { descriptor, open: () => open({ signal }), from, file });
    blobs.set(config.descriptor.digest, { descriptor: config.descriptor, open: () => whole(config) });
  }
  const wanted = [...blobs.values()];
  const isThere = await inParallel(wanted, lookUps, async ({ descriptor }) => {
    signal?.throwIfAborted();
    const found = await sink.hasBlob(descriptor);
    if (found) onBlob?.(descriptor, 'present');
    return found;
  });
  const missing = wanted.filter((_, index) => isThere[index] === false);
  await inParallel(missing, concurrency, async ({ descriptor, open, from, file }) => {
    signal?.throwIfAborted();
    await sink.writeBlob(descriptor, open, { from, file, signal });
    onBlob?.(descriptor, 'written');
  });
  for (const { manifest } of images)
    await sink.writeManifest(manifest, { signal, ...(isMultiImage(image) ? {} : { tags }) });
  if (isMultiImage(image)) await sink.writeManifest(image.index, { tags, signal });
  await sink.finish?.();
}

async function* whole({ bytes }: Content): BlobStream {
  yield bytes;
}

import type { Store } from '../store/index.ts';
import { createBaseCache, unpackBase } from './base/base-cache.ts';
import type { ReadBaseOptions } from './base/layer-reader.ts';
import { type Base, readBase } from './base/read-base.ts';
import { type BuildImageInput, type BuiltImage, buildImage } from './compose/build-image.ts';
import type { Image } from './image.ts';
import { createLayerBuilder } from './layers/layer-builder.ts';

/** Builds images on this machine. */
export interface ImageBuilder {
  /** What is in an image: from the store, from what somebody else kept of it (`packBase`), or by reading all of its layers once. */
  readBase(
    image: Image,
    options?: ReadBaseOptions & { findKept?: () => Promise<Buffer | undefined> },
  ): Promise<{ base: Base; outcome: 'cached' | 'read' }>;
  /** Whoever calls it holds the store (`whileInstalling`) until the image is written to where it goes. */
  build(input: BuildImageInput): Promise<BuiltImage>;
  /** Removes layers and bases that nobody used lately. Nobody may build meanwhile. */
  gc(options: { olderThanDays: number; dryRun?: boolean }): Promise<{ removed: { count: number; bytes: number } }>;
  /** Ends the threads. Without it, they end with the process. */
  close(): Promise<void>;
}

export function createImageBuilder({ store, threads }: { store: Store; threads?: number }): ImageBuilder {
  const layers = createLayerBuilder({ store, threads });
  const bases = createBaseCache(store.root);
  return {
    readBase: async (image, { findKept, ...options } = {}) => {
      const { digest } = image.manifest.descriptor;
      const known = await bases.find(digest);
      if (known !== undefined) return { base: known, outcome: 'cached' };
      const kept = await findKept?.();
      const unpacked = kept === undefined ? undefined : unpackBase(kept, digest);
      const base = unpacked ?? (await readBase(image, options));
      await bases.keep(base);
      return { base, outcome: unpacked === undefined ? 'read' : 'cached' };
    },
    build: async (input) => await buildImage(layers, input),
    gc: async (options) => {
      const [a, b] = [(await layers.cache.gc(options)).removed, (await bases.gc(options)).removed];
      return { removed: { count: a.count + b.count, bytes: a.bytes + b.bytes } };
    },
    close: async () => await layers.close(),
  };
}

import type { Image, Layer } from '../image.ts';
import { type BaseFacts, baseFacts } from './base-facts.ts';
import { applyLayer, createRoot, type TreeNode } from './file-tree.ts';
import { createLayerReader, type ReadBaseOptions } from './layer-reader.ts';
import type { ReadLayer } from './read-layer.ts';

/** A base image as far as it matters for what is built on it. */
export interface Base {
  /** Of its manifest. */
  digest: string;
  root: TreeNode;
  facts: BaseFacts;
}

/** Layers that are read at the same time. */
const atOnce = 3;

/**
 * Reads an image's layers once, as they come, for its tree; nothing of their content is kept. Every layer is held against its digest and diffID.
 * @throws AppError INVALID_IMAGE, HOSTILE_ARCHIVE, DIGEST_MISMATCH, and what the source throws.
 */
export async function readBase(image: Image, options: ReadBaseOptions = {}): Promise<Base> {
  const { layers } = image;
  const reader = createLayerReader();
  const read: ReadLayer[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < layers.length) {
      const index = next;
      next += 1;
      try {
        read[index] = await reader.read(layers[index] as Layer, options);
      } catch (error) {
        // The others need not begin.
        next = layers.length;
        throw error;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, layers.length) }, work));
  } finally {
    await reader.close();
  }
  const root = createRoot();
  for (const layer of read) applyLayer(root, layer);
  const env = image.value.config.config?.Env ?? [];
  return { digest: image.manifest.descriptor.digest, root, facts: baseFacts(root, env) };
}

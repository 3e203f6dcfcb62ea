import { type ImageManifest, mediaTypes } from '../../schema/index.ts';
import type { Image } from '../image.ts';
import { contentOf, ociDescriptor } from './compose-image.ts';

/**
 * An image that has the layers of another one as that one has them. An engine keeps layers unpacked, and writes them out in a way of its own: a base
 * comes back from it with another digest and often uncompressed, so that nobody would find that it is there already.
 */
export function reuseLayers(image: Image, other: Image): Image {
  const known = new Map(other.layers.map((layer) => [layer.diffId, layer]));
  if (!image.layers.some(({ diffId }) => known.has(diffId))) return image;
  const layers = image.layers.map((made) => {
    const layer = known.get(made.diffId) ?? made;
    return { ...layer, descriptor: ociDescriptor(layer.descriptor) };
  });
  const config = { ...image.config, descriptor: { ...image.config.descriptor, mediaType: mediaTypes.ociConfig } };
  const manifest: ImageManifest = {
    ...image.value.manifest,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  return {
    manifest: contentOf(manifest, mediaTypes.ociManifest),
    config,
    layers,
    value: { manifest, config: image.value.config },
  };
}

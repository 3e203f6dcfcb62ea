/**
 * Image, layer, manifest as immutable values; sources, sinks, compose, validate. Follows the OCI image specification 1.1.
 *
 * Invariants: a layer is a function of its recipe, and an image of lock, base and labels: the same bytes on every machine, in any order, on any
 * number of threads. What an archive brings was inflated to its end with exactly the declared size and checksum before it counts. Blobs are held
 * against their descriptors wherever they are read. Manifests are written after all that they name.
 *
 * Tree, below the store's root:
 *   <root>/layers/blobs/<2>/<sha256>    a layer's compressed bytes
 *   <root>/layers/made/<2>/<key>        which layer a recipe made; its time is that of the last use
 *   <root>/layers/wheels/<2>/<sha256>/  `index` and `record` (see src/store) of a wheel that was read but not unpacked
 *   <root>/tmp/layer-<random>/          a layer that is being made
 */
export type { LayersWanted, MadeLayer } from './layers/build-layers.ts';
export { createLayerBuilder, type LayerBuilder } from './layers/layer-builder.ts';

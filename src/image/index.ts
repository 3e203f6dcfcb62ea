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
 *   <root>/layers/bytecode/<2>/<key>/   what was compiled of a wheel, with an `index` of it
 *   <root>/bases/<algorithm>-<hex>      the tree of a base image and what it offers, sealed by a digest; its time is that of the last use
 *   <root>/tmp/layer-<random>/          a layer that is being made
 */
export { type BaseFacts, type BasePython } from './base/base-facts.ts';
export { findNode, type TreeNode } from './base/file-tree.ts';
export type { Base } from './base/read-base.ts';
export { choosePlatform, imagePlatforms, ociPlatform, platformName } from './choose-platform.ts';
export type { MetadataStep } from './compose/apply-steps.ts';
export { type BuildImageInput, type BuiltImage, imagePrefix } from './compose/build-image.ts';
export { checkInterpreter } from './compose/check-base.ts';
export { type AddedLayer, composeIndex } from './compose/compose-image.ts';
export { reuseLayers } from './compose/reuse-layers.ts';
export type {
  BlobSource,
  BlobStream,
  Content,
  Image,
  ImageSink,
  ImageSource,
  Layer,
  MultiImage,
  WriteOptions,
} from './image.ts';
export { createImageBuilder, type ImageBuilder } from './image-builder.ts';
export type { LayersWanted, MadeLayer } from './layers/build-layers.ts';
export { createLayerBuilder, type LayerBuilder } from './layers/layer-builder.ts';
export { isIndex, isMultiImage, openAll, openImage, parseIndex } from './open-image.ts';
export { verifyStream } from './read-verified.ts';
export { type ByteSink, createArchiveSink, withArchiveFile } from './sinks/archive.ts';
export { createLayoutSink } from './sinks/layout.ts';
export { openArchive } from './sources/archive.ts';
export { openLayout } from './sources/layout.ts';
export type { Finding, FindingCode } from './validate/finding.ts';
export { type ValidateOptions, validateImage } from './validate/validate-image.ts';
export { type WriteImageOptions, writeImage } from './write-image.ts';

import * as z from 'zod';
import { Lock } from './lock.ts';
import { Digest } from './oci.ts';
import { Platform } from './platform.ts';

/** One layer of an image, from the bottom. */
export const ImageLayerRecord = z.object({
  digest: Digest,
  /** Bytes as it is pulled. */
  size: z.number().int(),
  mediaType: z.string(),
  /** Whose it is: the base image's, of the Docker steps, of packages, what was compiled of them, or the rest that makes them an environment. */
  kind: z.enum(['base', 'steps', 'packages', 'bytecode', 'environment']),
  /** `numpy 2.3.5`; empty for what is no package. */
  packages: z.array(z.string()),
});
export type ImageLayerRecord = z.infer<typeof ImageLayerRecord>;

/** An image that another one was made of, and what its reference meant then. */
export const NamedImage = z.object({
  /** Normalised as Docker does. */
  reference: z.string(),
  /** Of what the reference names: an index, or the manifest of the only platform. */
  digest: Digest,
});
export type NamedImage = z.infer<typeof NamedImage>;

/** The image of one platform: what it was made of, and what came out. */
export const PlatformImage = z.object({
  platform: Platform,
  /** Of its manifest. */
  digest: Digest,
  mediaType: z.string(),
  /** Of its configuration: what engines call the image's id. */
  configDigest: Digest,
  /** Bytes of the manifest, the configuration and all layers. */
  size: z.number().int(),
  /** Null for an environment without a Python layer. */
  lockRevision: z.number().int().nullable(),
  lockDigest: z.string().nullable(),
  /** The definition's, or that of the last stage of a build context's Dockerfile. Null where there is none, or only an engine knows it. */
  base: NamedImage.nullable(),
  /** When the base was made, as it says itself; null where it does not say, or a time that stands for none. */
  baseCreatedAt: z.string().nullable().default(null),
  /** The others that its Dockerfile or Docker steps name, as far as they can be known, by reference. */
  images: z.array(NamedImage).default([]),
  /** Lines of a Dockerfile that would say the same. */
  dockerfile: z.string(),
  layers: z.array(ImageLayerRecord),
});
export type PlatformImage = z.infer<typeof PlatformImage>;

/** One image of a fingerprint. It never changes; a rebuild adds the next one. */
export const ImageRevision = z.object({
  fingerprint: z.string(),
  revision: z.number().int(),
  /** Of the index, or of the only manifest where there is one platform. */
  digest: Digest,
  platforms: z.array(PlatformImage).min(1),
  /** Built here, or taken from the global registry. */
  origin: z.enum(['built', 'global']),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type ImageRevision = z.infer<typeof ImageRevision>;

/** What stands beside an image in a registry that others take it from: how it was made, and the locks that it was made of. */
export const PublishedImage = z.object({
  format: z.literal(1),
  image: ImageRevision,
  locks: z.array(Lock),
});
export type PublishedImage = z.infer<typeof PublishedImage>;

import { imageRepository } from '../../definition/index.ts';
import type { ImageRevision, Platform, PlatformImage } from '../../schema/index.ts';

/** An image as every command shows it. */
export interface ImageView {
  fingerprint: string;
  repository: string;
  revision: number;
  /** Of the platform's manifest. */
  digest: string;
  /** Of the index, where the revision has several platforms. */
  indexDigest: string | undefined;
  platform: Platform;
  /** `createdAt`: when it was made, if it says so. */
  base: { reference: string; digest: string; createdAt: string | null } | null;
  /** Others that its Dockerfile or Docker steps name. */
  images: { reference: string; digest: string }[];
  lockDigest: string | null;
  lockRevision: number | null;
  layers: { digest: string; size: number; packages: string[]; kind: string }[];
  size: number;
  /** Which cache answered: the workspace's registry, the global one, or none. */
  source: 'workspace' | 'global' | 'built';
  /** What a Dockerfile would say. */
  dockerfile: string;
  createdAt: string;
  createdBy: string;
}

export function imageViewOf(revision: ImageRevision, image: PlatformImage, source: ImageView['source']): ImageView {
  return {
    fingerprint: revision.fingerprint,
    repository: imageRepository(revision.fingerprint),
    revision: revision.revision,
    digest: image.digest,
    indexDigest: revision.platforms.length > 1 ? revision.digest : undefined,
    platform: image.platform,
    base: image.base === null ? null : { ...image.base, createdAt: image.baseCreatedAt },
    images: image.images,
    lockDigest: image.lockDigest,
    lockRevision: image.lockRevision,
    layers: image.layers.map(({ digest, size, packages, kind }) => ({ digest, size, packages, kind })),
    size: image.size,
    source,
    dockerfile: image.dockerfile,
    createdAt: revision.createdAt,
    createdBy: revision.createdBy,
  };
}

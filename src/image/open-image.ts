import { AppError } from '../errors/index.ts';
import {
  type Descriptor,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  mediaTypes,
  type OciPlatform,
} from '../schema/index.ts';
import { choosePlatform, isFor, noPlatform } from './choose-platform.ts';
import type { Content, Image, ImageSource, Layer, MultiImage } from './image.ts';
import { invalid, parseDocument } from './parse-document.ts';
import { readSmallBlob, readVerified } from './read-verified.ts';

export interface OpenOptions {
  /** Tag or digest; the only image there is if not given. */
  reference?: string;
  platform: OciPlatform;
  signal?: AbortSignal;
}

/**
 * The image of a platform, its manifest and configuration read and held against each other; layers are read when somebody opens them.
 * @throws AppError IMAGE_NOT_FOUND, INVALID_IMAGE, DIGEST_MISMATCH, UNREACHABLE.
 */
export async function openImage(source: ImageSource, { reference, platform, signal }: OpenOptions): Promise<Image> {
  const content = await source.readManifest(reference, { signal });
  if (!isIndex(content)) return await imageOf(source, content, { platform, signal });
  const index = parseIndex(content, source.name);
  const chosen = choosePlatform(index.manifests, platform, source.name);
  const manifest = await source.readManifest(chosen.digest, { signal });
  if (manifest.bytes.length !== chosen.size)
    throw invalid(
      source.name,
      `its index says that ${chosen.digest} has ${chosen.size} bytes, and it has ${manifest.bytes.length}`,
    );
  return await imageOf(source, manifest, { platform, signal });
}

/** Everything under a reference: one image or several. With `others` also attestations and the like: what an index names has to go with it. */
export async function openAll(
  source: ImageSource,
  { reference, signal, others = false }: Omit<OpenOptions, 'platform'> & { others?: boolean } = {},
): Promise<Image | MultiImage> {
  const content = await source.readManifest(reference, { signal });
  if (!isIndex(content)) return await imageOf(source, content, { signal });
  const value = parseIndex(content, source.name);
  const images: { platform: OciPlatform; image: Image }[] = [];
  for (const { digest, platform, mediaType } of value.manifests) {
    // Signatures and attestations stand in indexes too.
    const isOther = platform === undefined || platform.os === 'unknown';
    if ((isOther && !others) || !isManifestType(mediaType)) continue;
    const manifest = await source.readManifest(digest, { signal });
    images.push({
      platform: platform ?? { os: 'unknown', architecture: 'unknown' },
      image: await imageOf(source, manifest, { signal }),
    });
  }
  return { index: content, images, value };
}

export function isMultiImage(image: Image | MultiImage): image is MultiImage {
  return 'index' in image;
}

async function imageOf(
  source: ImageSource,
  manifest: Content,
  { platform, signal }: { platform?: OciPlatform; signal?: AbortSignal },
): Promise<Image> {
  const value = parseManifest(manifest, source.name);
  const bytes = await readSmallBlob(source, value.config, { signal });
  const config = parseDocument(bytes, ImageConfig, { name: source.name, what: 'its configuration' });
  if (platform !== undefined && !isFor(config, platform)) throw noPlatform([config], platform, source.name);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== value.layers.length)
    throw invalid(
      source.name,
      `its manifest has ${value.layers.length} layers, and its configuration ${diffIds.length}`,
    );
  return {
    manifest,
    config: { descriptor: value.config, bytes },
    layers: value.layers.map((descriptor, index) => layerOf(source, descriptor, diffIds[index] as string)),
    value: { manifest: value, config },
  };
}

function layerOf(source: ImageSource, descriptor: Descriptor, diffId: string): Layer {
  return {
    descriptor,
    diffId,
    open: (options) => readVerified(source, descriptor, options),
    from: source.repository,
  };
}

export function isIndex({ descriptor, bytes }: Content): boolean {
  const { ociIndex, dockerList } = mediaTypes;
  return (
    [ociIndex, dockerList].includes(descriptor.mediaType as never) || /"manifests"\s*:/.test(bytes.toString('latin1'))
  );
}

function isManifestType(mediaType: string): boolean {
  return [mediaTypes.ociManifest, mediaTypes.dockerManifest].includes(mediaType as never);
}

function parseManifest({ bytes, descriptor }: Content, name: string): ImageManifest {
  const manifest = parseDocument(bytes, ImageManifest, { name, what: `its manifest ${descriptor.digest}` });
  if (
    manifest.mediaType !== undefined &&
    manifest.mediaType !== descriptor.mediaType &&
    isManifestType(descriptor.mediaType)
  )
    throw invalid(
      name,
      `its manifest calls itself \`${manifest.mediaType}\`, and is served as \`${descriptor.mediaType}\``,
    );
  const { ociConfig, dockerConfig } = mediaTypes;
  if (![ociConfig, dockerConfig].includes(manifest.config.mediaType as never))
    throw new AppError(
      'INVALID_IMAGE',
      `\`${name}\` is no image: its configuration is \`${manifest.config.mediaType}\``,
      {
        hint: 'Other artifacts are kept in registries too. Name an image.',
      },
    );
  return manifest;
}

export function parseIndex({ bytes, descriptor }: Content, name: string): ImageIndex {
  return parseDocument(bytes, ImageIndex, { name, what: `its index ${descriptor.digest}` });
}

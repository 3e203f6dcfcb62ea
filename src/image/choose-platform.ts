import { AppError } from '../errors/index.ts';
import type { Descriptor, OciPlatform, Platform } from '../schema/index.ts';

/** Those that there are images for. */
export const imagePlatforms: readonly Platform[] = ['linux-64', 'linux-aarch64'];

/** What the image specification calls a platform of ours. @throws AppError UNSUPPORTED_FEATURE where there are no images for it. */
export function ociPlatform(platform: Platform): OciPlatform {
  if (platform === 'linux-64') return { os: 'linux', architecture: 'amd64' };
  if (platform === 'linux-aarch64') return { os: 'linux', architecture: 'arm64', variant: 'v8' };
  throw new AppError('UNSUPPORTED_FEATURE', `there are no images for ${platform}`, {
    hint: 'Images are built for linux-64 and linux-aarch64; on other systems environments run as prefixes.',
  });
}

/**
 * The manifest of an index that fits best: same system and architecture, then the variant that was asked for, then none, then the least.
 * @throws AppError IMAGE_NOT_FOUND naming what there is.
 */
export function choosePlatform(manifests: readonly Descriptor[], wanted: OciPlatform, name: string): Descriptor {
  const fitting = manifests
    .filter(({ platform }) => platform !== undefined && isFor(platform, wanted))
    .sort((a, b) => rank(a, wanted) - rank(b, wanted) || (variantOf(a) < variantOf(b) ? -1 : 1));
  const [best] = fitting;
  if (best !== undefined) return best;
  throw noPlatform(
    manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform])),
    wanted,
    name,
  );
}

/** Variants are no hindrance: they say what a processor has more. */
export function isFor(platform: OciPlatform, wanted: OciPlatform): boolean {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return false;
  // What needs more than every processor of an architecture has is for those who ask for it.
  const [has, needs] = [level(wanted), level(platform)];
  return needs <= Math.max(has, baseline[platform.architecture] ?? 0);
}

export function noPlatform(found: readonly OciPlatform[], wanted: OciPlatform, name: string): AppError {
  const names = [...new Set(found.filter(({ os }) => os !== 'unknown').map(platformName))];
  return new AppError('IMAGE_NOT_FOUND', `\`${name}\` has no image for ${platformName(wanted)}`, {
    hint: names.length === 0 ? undefined : `It has ${names.join(', ')}.`,
  });
}

/** `linux/arm64/v8` */
export function platformName({ os, architecture, variant }: OciPlatform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The variant that every processor of the architecture is. */
const baseline: Readonly<Record<string, number>> = { amd64: 1, arm64: 8 };

function level({ variant, architecture }: OciPlatform): number {
  return variant === undefined ? (baseline[architecture] ?? 0) : Number.parseInt(variant.slice(1), 10) || 0;
}

function rank({ platform }: Descriptor, wanted: OciPlatform): number {
  if (platform?.variant === wanted.variant) return 0;
  return platform?.variant === undefined ? 1 : 2;
}

function variantOf({ platform }: Descriptor): string {
  return platform?.variant ?? '';
}

import { AppError } from '../../errors/index.ts';
import { choosePlatform, type Image, isMultiImage, type MultiImage, ociPlatform } from '../../image/index.ts';
import type { Platform } from '../../schema/index.ts';

/** The one image that an archive for Docker takes: of several that of the only platform that was asked for. @throws AppError USAGE, IMAGE_NOT_FOUND. */
export function oneForDocker(image: Image | MultiImage, platforms: readonly Platform[] = []): Image {
  if (!isMultiImage(image)) return image;
  const [platform, ...others] = platforms;
  if (platform === undefined || others.length > 0) throw takesOne();
  const { digest } = choosePlatform(image.value.manifests, ociPlatform(platform), image.index.descriptor.digest);
  const found = image.images.find((each) => each.image.manifest.descriptor.digest === digest);
  if (found === undefined) throw new Error(`${digest} is in the index, and not among its images`);
  return found.image;
}

/** The same for places that nothing was built for yet. @throws AppError USAGE. */
export function refuseSeveralForDocker(places: readonly string[], platforms: readonly Platform[]): void {
  if (platforms.length > 1 && places.some((place) => place.startsWith('docker-archive:'))) throw takesOne();
}

function takesOne(): AppError {
  return new AppError('USAGE', 'an archive for Docker takes one platform', {
    hint: 'Choose one with --platform, or write to `oci-archive:FILE`.',
  });
}

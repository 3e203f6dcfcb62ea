import { AppError } from '../../errors/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { readPlatform } from '../platform.ts';
import { type ImageView, imageViewOf } from './image-view.ts';

/**
 * The image that a version has: the newest of its fingerprint for a platform, or the revision that is named. Nothing is built.
 * @throws AppError IMAGE_NOT_FOUND.
 */
export async function showImage(
  app: App,
  reference: string,
  { platform: platformName, revision: number }: { platform?: string; revision?: number } = {},
): Promise<ImageView> {
  const version = await findOrRegister(app, reference);
  const { images } = await app.openWorkspace();
  const platform = readPlatform(platformName);
  const revision =
    number === undefined
      ? await images.latest(version.fingerprint, platform)
      : await images.get(version.fingerprint, number);
  const image = revision?.platforms.find((each) => each.platform === platform);
  if (revision === undefined || image === undefined) {
    const others = (await images.list(version.fingerprint)).map((each) => {
      const platforms = each.platforms.map((one) => one.platform).join(', ');
      return `${each.revision} (${platforms})`;
    });
    const what = number === undefined ? 'no image' : `no image revision ${number}`;
    throw new AppError('IMAGE_NOT_FOUND', `${version.name}:${version.version} has ${what} for ${platform}`, {
      hint:
        others.length === 0
          ? `Build it: \`terroir env build ${version.name}:${version.version}\`.`
          : `There are these revisions: ${others.join('; ')}.`,
    });
  }
  return imageViewOf(revision, image, revision.origin === 'global' ? 'global' : 'workspace');
}

import { imageRepository } from '../../definition/index.ts';
import type { Platform, PublishedImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { sendImage } from './image-places.ts';
import { openWorkspaceImage } from './open-workspace-image.ts';

/** Brings an image of a server's workspace to where somebody here wants it, as a build here would. */
export async function sendServedImage(
  app: App,
  { place, platforms }: { place: string; platforms: readonly Platform[] },
  { image, locks }: Pick<PublishedImage, 'image' | 'locks'>,
): Promise<void> {
  const { fingerprint, digest, revision } = image;
  const repository = imageRepository(fingerprint);
  await sendImage(app, {
    place,
    image: await openWorkspaceImage(app, { fingerprint, digest }),
    platforms,
    repository,
    revision,
    record: { image, locks },
  });
}

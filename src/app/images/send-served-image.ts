import { imageRepository } from '../../definition/index.ts';
import { openAll } from '../../image/index.ts';
import type { PublishedImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { sendImage } from './image-places.ts';
import { openImageSource, parseImagePlace } from './open-image-place.ts';
import { workspaceHost } from './workspace-registry.ts';

/** Brings an image of a server's workspace to where somebody here wants it, as a build here would. */
export async function sendServedImage(
  app: App,
  place: string,
  { image, locks }: Pick<PublishedImage, 'image' | 'locks'>,
): Promise<void> {
  const { fingerprint, digest, revision } = image;
  const repository = imageRepository(fingerprint);
  const { source, reference } = await openImageSource(app, parseImagePlace(`${workspaceHost}/${repository}@${digest}`));
  await sendImage(app, {
    place,
    image: await openAll(source, { reference, signal: app.signal }),
    repository,
    revision,
    record: { image, locks },
  });
}

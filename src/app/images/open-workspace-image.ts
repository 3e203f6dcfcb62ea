import { imageRepository } from '../../definition/index.ts';
import { type Image, type MultiImage, openAll } from '../../image/index.ts';
import type { App } from '../app.ts';
import { openImageSource } from './open-image-place.ts';
import { workspaceHost } from './workspace-registry.ts';

/** An image of the workspace’s own registry, here or on a server. @throws AppError IMAGE_NOT_FOUND. */
export async function openWorkspaceImage(
  app: App,
  { fingerprint, digest }: { fingerprint: string; digest: string },
): Promise<Image | MultiImage> {
  const repository = imageRepository(fingerprint);
  const { source, reference } = await openImageSource(app, {
    kind: 'registry',
    registry: workspaceHost,
    repository,
    digest,
  });
  return await openAll(source, { reference, signal: app.signal });
}

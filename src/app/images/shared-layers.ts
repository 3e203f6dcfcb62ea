import type { SharedLayer } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findVersion } from '../environments/find-version.ts';
import { showImage } from './show-image.ts';

/** Which layers of an image the latest images of other environments have too. @throws AppError IMAGE_NOT_FOUND. */
export async function listSharedLayers(
  app: App,
  reference: string,
  request: { platform?: string; revision?: number },
): Promise<SharedLayer[]> {
  const workspace = await app.openWorkspace();
  const { name } = await findVersion(workspace, reference);
  const { layers } = await showImage(app, reference, request);
  return await workspace.images.shared({ digests: layers.map(({ digest }) => digest), except: name });
}

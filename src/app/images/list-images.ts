import type { ImageRevision } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { findVersion } from '../environments/find-version.ts';

/** The image revisions of a version, newest first. */
export async function listImages(app: App, reference: string): Promise<ImageRevision[]> {
  const workspace = await app.openWorkspace();
  const { fingerprint } = await findVersion(workspace, reference);
  return await workspace.images.list(fingerprint);
}

import { imageRepository } from '../../definition/index.ts';
import { writeImage } from '../../image/index.ts';
import { repositorySink } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import type { VersionToShare } from '../../schema/rest/index.ts';
import { openWorkspace } from '../../workspace/index.ts';
import { type App, openApp } from '../app.ts';
import { openWorkspaceImage } from '../images/open-workspace-image.ts';
import { envOfFolder } from '../images/shared-registry.ts';
import { openWorkspaceRegistry, workspaceHost } from '../images/workspace-registry.ts';
import { keepContents } from './keep-contents.ts';
import type { PackedContent } from './packed-content.ts';
import type { SharedEnvironment } from './share.ts';
import { takeShared } from './take-shared.ts';

/** A version with what its contents are brought from. */
export interface Shareable {
  version: VersionToShare;
  /** By digest. */
  contents: ReadonlyMap<string, PackedContent>;
}

/** Brings a version from a server, whose registry `app` knows, into the workspace of a folder. @throws AppError WORKSPACE_NOT_FOUND, and those of `takeShared`. */
export async function shareWithFolder(
  app: App,
  { version, contents }: Shareable,
  folder: string,
): Promise<SharedEnvironment> {
  await (await openWorkspace(folder, { create: false, user: app.user })).close();
  const there = await openApp({ ...app, env: envOfFolder(app.env), workspace: folder, servedRegistry: undefined });
  try {
    await keepContents(there, contents);
    await bringImage(app, there, version);
    return { ...(await takeShared(there, version)), target: folder };
  } finally {
    await there.close();
  }
}

async function bringImage(app: App, there: App, { fingerprint, image }: VersionToShare): Promise<void> {
  if (image === null) return;
  const opened = await openWorkspaceImage(app, { fingerprint, digest: image.digest });
  const repository = (await openWorkspaceRegistry(there)).repository(imageRepository(fingerprint));
  await step(app.emit, 'Copying the image', async (current) => {
    let done = 0;
    const onBlob = ({ size }: { size: number }): void => current.progress((done += size));
    await writeImage(opened, repositorySink(repository, workspaceHost), { tags: [], signal: app.signal, onBlob });
  });
}

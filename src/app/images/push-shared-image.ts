import { imageRepository } from '../../definition/index.ts';
import { writeImage } from '../../image/index.ts';
import { step } from '../../report/index.ts';
import type { App } from '../app.ts';
import { openWorkspaceImage } from './open-workspace-image.ts';
import { openRemoteRepository } from './remote-registry.ts';

/** Brings an image from the registry of one workspace to that of another one, which is behind a server, without a tag. */
export async function pushSharedImage(
  app: App,
  there: App & Required<Pick<App, 'servedRegistry'>>,
  image: { fingerprint: string; digest: string },
): Promise<void> {
  const { host } = there.servedRegistry;
  const { sink } = await openRemoteRepository(there, `${host}/${imageRepository(image.fingerprint)}`);
  const opened = await openWorkspaceImage(app, image);
  await step(app.emit, `Writing to ${host}`, async (current) => {
    let [sent, there] = [0, 0];
    await writeImage(opened, sink, {
      tags: [],
      signal: app.signal,
      onBlob: ({ size }, outcome) => {
        if (outcome === 'present') there += size;
        else current.progress((sent += size));
      },
    });
    current.finish('done', there > 0 && sent === 0 ? 'all of it was there' : undefined);
  });
}

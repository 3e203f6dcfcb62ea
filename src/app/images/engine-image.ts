import { imageRepository } from '../../definition/index.ts';
import { type Engine, perform } from '../../engines/index.ts';
import { serveHttp } from '../../io/index.ts';
import { createRegistryHandler } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import type { ImageRevision, PlatformImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { openWorkspaceRegistry } from './workspace-registry.ts';

/**
 * Makes sure that an engine has an image, and answers what it calls it there: its id. What is missing is pulled from the workspace's registry, which
 * is opened on a loopback port for as long as that takes.
 */
export async function bringToEngine(
  app: App,
  engine: Engine,
  { revision, image }: { revision: ImageRevision; image: PlatformImage },
): Promise<string> {
  const { containers } = engine;
  if (containers === undefined) throw new Error(`${engine.name} runs no containers`);
  const { env, signal } = app;
  const find = async (): Promise<string | undefined> => {
    const ids = await perform(containers.imageIds(), { env, signal });
    // An engine that keeps its images in containerd calls them by their manifests, others by their configurations.
    return ids.find((id) => id === image.configDigest || id === image.digest);
  };
  const known = await find();
  if (known !== undefined) return known;
  const repository = imageRepository(revision.fingerprint);
  return await step(app.emit, `Pulling the image into ${engine.name}`, async () => {
    const server = await openLoopbackRegistry(app);
    try {
      const reference = `${server.host}/${repository}@${image.digest}`;
      const onLine = (text: string): void => app.emit({ type: 'output', source: engine.name, text });
      await perform(engine.pull(reference), { env, signal, onLine });
      const id = (await find()) ?? reference;
      await perform(containers.tag(id, `${repository}:${revision.revision}`), { env, signal });
      return id;
    } finally {
      await server.close();
    }
  });
}

/** The workspace's registry on a free loopback port, for everybody on this machine, for a moment. */
export async function openLoopbackRegistry(app: App): Promise<{ host: string; close(): Promise<void> }> {
  const handler = createRegistryHandler({ registry: await openWorkspaceRegistry(app) });
  const { port, close } = await serveHttp(handler);
  return { host: `127.0.0.1:${port}`, close };
}

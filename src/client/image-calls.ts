import type * as useCases from '../app/index.ts';
import { readPlatform, sendServedImage } from '../app/index.ts';
import { AppError } from '../errors/index.ts';
import type { BuildRecord, ImageRevision, Lock, PublishedImage } from '../schema/index.ts';
import type { Connection } from './connection.ts';
import type { Definitions } from './definitions.ts';
import { followBuild } from './follow-build.ts';
import { versionPath } from './paths.ts';

type ImageView = useCases.ImageView;
type Published = Pick<PublishedImage, 'image' | 'locks'>;

/** Images are built there, and kept in the server's registry. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createImageCalls(connection: Connection, { settle }: Definitions) {
  const { api, emit } = connection;
  /** A revision with its locks, as registries get it. */
  const publishedOf = async (version: string, number: number): Promise<Published> => {
    const { items } = await api.json<{ items: ImageRevision[] }>({ path: `${version}/images` });
    const image = items.find(({ revision }) => revision === number);
    if (image === undefined)
      throw new AppError('IMAGE_NOT_FOUND', `the server has no image revision ${number} any more`);
    const locks: Lock[] = [];
    for (const { platform, lockRevision } of image.platforms) {
      if (lockRevision === null) continue;
      const query = { revision: lockRevision };
      locks.push((await api.json<{ lock: Lock }>({ path: `${version}/locks/${platform}`, query })).lock);
    }
    return { image, locks };
  };

  const imagesOf = async (version: string, { images }: BuildRecord): Promise<ImageView[]> => {
    const views: ImageView[] = [];
    for (const { platform, revision, source } of images ?? [])
      views.push({
        ...(await api.json<ImageView>({ path: `${version}/image`, query: { platform, revision } })),
        source,
      });
    return views;
  };

  return {
    /** With `app`, the image is brought to `push` and `outputs`, from here and with the log-ins of here. */
    buildImages: async (
      reference: string,
      request: useCases.BuildRequest,
      app?: useCases.App,
    ): Promise<ImageView[]> => {
      const { platforms, rebuild, push, outputs } = request;
      refuseEngine(request);
      const body = { environment: await settle(reference), platforms, rebuild };
      const answer = await api.send({ method: 'POST', path: '/builds', body });
      const { id } = await api.read<BuildRecord>(answer);
      emit({ type: 'note', level: 'info', message: `the build ${id} is on ${api.url}` });
      const build = await followBuild(connection, { id, isOurs: answer.status === 202 });
      const version = versionPath(`${build.environment.name}:${build.environment.version}`);
      const images = await imagesOf(version, build);
      const places = [...(push === undefined ? [] : [`registry:${push}`]), ...outputs];
      const [first] = images;
      if (app === undefined || first === undefined || places.length === 0) return images;
      const published = await publishedOf(version, first.revision);
      const built = images.map(({ platform }) => platform);
      for (const place of places) await sendServedImage(app, { place, platforms: built }, published);
      return images;
    },

    showImage: async (
      reference: string,
      { platform, revision }: { platform?: string; revision?: number } = {},
    ): Promise<ImageView> => {
      const path = `${versionPath(await settle(reference))}/image`;
      return await api.json({ path, query: { platform: readPlatform(platform), revision } });
    },
  };
}

/** Which engine it has is the server's own matter. */
function refuseEngine({ engine }: useCases.BuildRequest): void {
  if (engine === undefined) return;
  throw new AppError('USAGE', '--engine is for builds on this machine, and the server builds', {
    hint: 'Leave it out: the server takes the engine that it has.',
  });
}

import { imageRepository } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { openAll } from '../../image/index.ts';
import { repositorySource } from '../../registry/index.ts';
import { type ImageRevision, type Platform, parseImage } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { relock } from '../locks/ensure-lock.ts';
import { readPlatform } from '../platform.ts';
import { ensureImages, useImages } from './ensure-images.ts';
import { type Sending, sendImage } from './image-places.ts';
import { type ImageView, imageViewOf } from './image-view.ts';
import { refuseSeveralForDocker } from './one-for-docker.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

export interface BuildRequest {
  /** Lock anew, look at the base anew, and make a new revision. */
  rebuild: boolean;
  platforms: readonly string[];
  /** A registry, or a repository in it. */
  push?: string;
  /** `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE`. */
  outputs: readonly string[];
  /** Which engine executes steps. */
  engine?: string;
}

/** Composes the images of a version, or takes them from a cache; then brings them where they are asked for. */
export async function buildImages(app: App, reference: string, request: BuildRequest): Promise<ImageView[]> {
  return await buildVersion(app, await findOrRegister(app, reference), request);
}

export async function buildVersion(app: App, version: EnvironmentVersion, request: BuildRequest): Promise<ImageView[]> {
  const platforms = platformsOf(version, request.platforms);
  refuseSeveralForDocker(request.outputs, platforms);
  if (request.rebuild) await relockAll(app, version, platforms);
  const places = [...(request.push === undefined ? [] : [`registry:${request.push}`]), ...request.outputs];
  const { revision, source } = await useImages(
    async () => await ensureImages(app, version, platforms, { fresh: request.rebuild, engine: request.engine }),
    async (images) => {
      for (const place of places) await sendRevision(app, { place, version, revision: images.revision, platforms });
      return images;
    },
  );
  const wanted = revision.platforms.filter(({ platform }) => platforms.includes(platform));
  return wanted.map((image) => imageViewOf(revision, image, source));
}

/** Brings a revision of the workspace to where somebody wants it, with its record; of its platforms those that were asked for where not all can be there. */
export async function sendRevision(
  app: App,
  {
    place,
    version,
    revision,
    platforms,
  }: { place: string; version: EnvironmentVersion; revision: ImageRevision; platforms?: readonly Platform[] },
): Promise<void> {
  const { locks } = await app.openWorkspace();
  const repository = (await openWorkspaceRegistry(app)).repository(imageRepository(version.fingerprint));
  const digests = new Set(revision.platforms.map(({ lockDigest }) => lockDigest));
  const known = (await locks.list(version.fingerprint)).map(({ lock }) => lock);
  await sendImage(app, {
    place,
    image: await openAll(repositorySource(repository, workspaceHost), { reference: revision.digest }),
    platforms,
    repository: repository.name,
    revision: revision.revision,
    base: homeOf(version, revision),
    record: { image: revision, locks: known.filter(({ digest }) => digests.has(digest)) },
  });
}

/** Those asked for, else the definition's, else this machine's (its Linux counterpart, for images are Linux's). */
export function platformsOf({ definition }: EnvironmentVersion, asked: readonly string[]): Platform[] {
  const named = asked.length > 0 ? asked.map((name) => readPlatform(name)) : definition.platforms;
  const platforms = named.filter((platform) => platform.startsWith('linux'));
  if (asked.length > platforms.length)
    throw new AppError('USAGE', `there are no images for ${asked.find((name) => !name.startsWith('linux'))}`, {
      hint: 'Images are for linux-64 and linux-aarch64.',
    });
  if (platforms.length > 0) return [...new Set(platforms)].sort();
  const own = readPlatform(undefined);
  return [own.endsWith('arm64') || own.endsWith('aarch64') ? 'linux-aarch64' : 'linux-64'];
}

async function relockAll(app: App, version: EnvironmentVersion, platforms: readonly Platform[]): Promise<void> {
  app.emit({
    type: 'note',
    level: 'warning',
    message: 'rebuilding: packages without a pin may move, and so may the base image',
    hint: 'The earlier image revisions and locks stay; `terroir env diff` shows what moved.',
  });
  if (version.definition.layer === undefined) return;
  for (const platform of platforms) await relock(app, version, platform, { upgrade: [], dryRun: false });
}

/** Where the base's layers are: a push to the same registry need not send them. */
function homeOf({ definition: { image } }: EnvironmentVersion, { platforms }: ImageRevision): Sending['base'] {
  const parsed = image === undefined ? undefined : parseImage(image);
  if (parsed === undefined) return undefined;
  const layers = platforms.flatMap((each) => each.layers.filter(({ kind }) => kind === 'base'));
  return {
    registry: parsed.registry,
    name: parsed.repository,
    layers: new Set(layers.map(({ digest }) => digest)),
  };
}

import { imageRepository } from '../../definition/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import {
  composeIndex,
  type Image,
  type ImageSource,
  type MultiImage,
  ociPlatform,
  openAll,
  openImage,
} from '../../image/index.ts';
import type { RemoteRepository, Repository } from '../../registry/index.ts';
import type { ImageRevision, PlatformImage, PublishedImage } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { readSettings } from '../settings.ts';
import type { Ingredients } from './compose-images.ts';
import { keepImage } from './keep-image.ts';
import { adoptMeanings, hasSameImages, namesOf } from './named-images.ts';
import { readPublished } from './published-image.ts';
import { isRegistryPrefix, repositoryBelow } from './registry-prefix.ts';
import { openRemoteRepository } from './remote-registry.ts';

/** What the global registry has for a fingerprint. */
export interface GlobalImage {
  published: PublishedImage;
  source: ImageSource;
}

/**
 * Looks a fingerprint up in the global registry, if the workspace has one. Whatever is wrong there is said, and never a reason to fail: what it
 * would have brought is made here.
 */
export async function findGlobal(app: App, { fingerprint }: EnvironmentVersion): Promise<GlobalImage | undefined> {
  const prefix = await globalRegistry(app);
  if (prefix === undefined || app.offline) return undefined;
  try {
    const { remote, source } = await openGlobal(app, prefix, fingerprint);
    const published = await readPublished(app, remote, { tag: 'latest', fingerprint });
    return published === undefined ? undefined : { published, source };
  } catch (error) {
    if (app.signal.aborted || !isAppError(error)) throw error;
    app.emit({
      type: 'note',
      level: 'warning',
      message: `the global registry \`${prefix}\` is of no use: ${error.message}`,
      hint: error.hint,
    });
    return undefined;
  }
}

/** TERROIR_GLOBAL_REGISTRY wins over the workspace's settings; `none` is none. */
async function globalRegistry(app: App): Promise<string | undefined> {
  const named = app.env.TERROIR_GLOBAL_REGISTRY;
  if (named === 'none') return undefined;
  if (named === undefined || named === '') return (await readSettings(app)).globalRegistry ?? undefined;
  if (isRegistryPrefix(named)) return named;
  throw new AppError('USAGE', `TERROIR_GLOBAL_REGISTRY is \`${named}\`, which is no registry`, {
    hint: 'Write it like `registry.example` or `registry.example/curated`.',
  });
}

async function openGlobal(
  app: App,
  prefix: string,
  fingerprint: string,
): Promise<{ remote: RemoteRepository; source: ImageSource }> {
  return await openRemoteRepository(app, repositoryBelow(prefix, imageRepository(fingerprint)));
}

/**
 * A fingerprint that is new to the workspace takes its locks from the global registry, those of all platforms: then the image of another one can be
 * taken later, too. And what the images that it names meant there. One that is known keeps what it has.
 */
export async function adoptLocks(
  workspace: Workspace,
  { version, global }: { version: EnvironmentVersion; global: GlobalImage },
): Promise<void> {
  const { fingerprint } = version;
  const { image, locks } = global.published;
  for (const lock of locks)
    if ((await workspace.locks.latest(fingerprint, lock.platform)) === undefined) await workspace.locks.addFirst(lock);
  await adoptMeanings(workspace, image.platforms, await namesOf(workspace, version));
}

/** Copies the global registry's image of the platforms that are asked for into the workspace's, if it is made of exactly these locks and this base. */
export async function takeGlobal(
  app: App,
  workspace: Workspace,
  {
    repository,
    ingredients,
    global: { published, source },
  }: { repository: Repository; ingredients: readonly Ingredients[]; global: GlobalImage },
): Promise<ImageRevision | undefined> {
  const { fingerprint } = published.image;
  const platforms = published.image.platforms.filter((image) =>
    ingredients.some(
      ({ platform, lock, named }) =>
        image.platform === platform && image.lockDigest === (lock?.lock.digest ?? null) && hasSameImages(image, named),
    ),
  );
  if (platforms.length < ingredients.length) return undefined;
  return await keepImage(app, workspace, {
    image: await openPublished(app, source, { published, platforms }),
    repository,
    record: { fingerprint, platforms, origin: 'global' },
    title: 'Taking the image from the global registry',
  });
}

/** All that was published under its own digest, or what is wanted of it. */
async function openPublished(
  { signal }: App,
  source: ImageSource,
  { published, platforms }: { published: PublishedImage; platforms: readonly PlatformImage[] },
): Promise<Image | MultiImage> {
  const { digest: whole, platforms: all } = published.image;
  if (platforms.length === all.length) return await openAll(source, { reference: whole, signal });
  const images: Image[] = [];
  for (const { digest, platform } of platforms)
    images.push(await openImage(source, { reference: digest, platform: ociPlatform(platform), signal }));
  const [only] = images;
  return images.length === 1 && only !== undefined ? only : composeIndex(images);
}

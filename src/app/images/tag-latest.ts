import { isAppError } from '../../errors/index.ts';
import { type Content, composeIndex, type Image, imagePlatforms, ociPlatform, openImage } from '../../image/index.ts';
import { type Repository, repositorySink, repositorySource } from '../../registry/index.ts';
import type { ImageRevision, PlatformImage } from '../../schema/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { workspaceHost } from './workspace-registry.ts';

interface Place {
  repository: Repository;
  fingerprint: string;
}

/**
 * Lets `latest` name the newest image for every platform that there is one for: whoever pulls it gets that of their own platform, whichever was
 * built last.
 */
export async function tagLatest(app: App, workspace: Workspace, place: Place): Promise<void> {
  const sink = repositorySink(place.repository, workspaceHost);
  let tagged: number | undefined;
  for (;;) {
    const newest = await workspace.images.latest(place.fingerprint);
    // Whoever adds a revision meanwhile may have tagged it before we tag ours: so it is looked at again.
    if (newest === undefined || newest.revision === tagged) return;
    await sink.writeManifest(await contentOf(app, workspace, { ...place, newest }), {
      tags: ['latest'],
      signal: app.signal,
    });
    tagged = newest.revision;
  }
}

/** The newest revision as it is, if no other one has a platform that it has not; else an index. */
async function contentOf(
  app: App,
  workspace: Workspace,
  { repository, fingerprint, newest }: Place & { newest: ImageRevision },
): Promise<Content> {
  const older = await olderOnes(workspace, { fingerprint, newest });
  const found = await Promise.all(older.map(async (image) => await openIfThere(app, repository, image)));
  const others = found.filter((image) => image !== undefined);
  if (others.length === 0) return await repositorySource(repository, workspaceHost).readManifest(newest.digest);
  const images = await Promise.all(newest.platforms.map(async (image) => await open(app, repository, image)));
  return composeIndex([...images, ...others]).index;
}

/** The newest for the platforms that the newest revision of all has not. */
async function olderOnes(
  { images }: Workspace,
  { fingerprint, newest }: { fingerprint: string; newest: ImageRevision },
): Promise<PlatformImage[]> {
  const found: PlatformImage[] = [];
  for (const platform of imagePlatforms) {
    if (newest.platforms.some((image) => image.platform === platform)) continue;
    const revision = await images.latest(fingerprint, platform);
    found.push(...(revision?.platforms.filter((image) => image.platform === platform) ?? []));
  }
  return found;
}

async function open(
  { signal }: App,
  repository: Repository,
  { digest, platform }: Pick<PlatformImage, 'digest' | 'platform'>,
): Promise<Image> {
  const source = repositorySource(repository, workspaceHost);
  return await openImage(source, { reference: digest, platform: ociPlatform(platform), signal });
}

const gone: ReadonlySet<string> = new Set(['IMAGE_NOT_FOUND', 'CORRUPT_STORE', 'DIGEST_MISMATCH']);

/** One that was damaged or deleted is left out until it is made again: what was made now is no worse for it. */
async function openIfThere(app: App, repository: Repository, image: PlatformImage): Promise<Image | undefined> {
  try {
    return await open(app, repository, image);
  } catch (error) {
    if (isAppError(error) && gone.has(error.code)) return undefined;
    throw error;
  }
}

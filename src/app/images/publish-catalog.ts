import { imageRepository } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { imagePlatforms } from '../../image/index.ts';
import type { ImageRevision, Platform } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { curatedLock } from '../environments/catalog.ts';
import { findVersion } from '../environments/find-version.ts';
import { platformsOf, sendRevision } from './build-images.ts';
import { ensureImages } from './ensure-images.ts';
import { hasSameImages } from './named-images.ts';
import { readPublished } from './published-image.ts';
import { isRegistryPrefix, repositoryBelow } from './registry-prefix.ts';
import { openRemoteRepository } from './remote-registry.ts';

export interface PublishedEnvironment {
  name: string;
  version: string;
  platforms: Platform[];
  /** With the registry. */
  repository: string;
  digest: string;
  outcome: 'published' | 'present';
}

/** Builds the curated environments, and brings images, records and locks to a registry; what it has already is left alone. */
export async function publishCatalog(
  app: App,
  registry: string,
  { names }: { names: readonly string[] },
): Promise<PublishedEnvironment[]> {
  if (!isRegistryPrefix(registry))
    throw new AppError('USAGE', `\`${registry}\` is no registry`, {
      hint: 'Write it like `registry.example` or `registry.example/curated`.',
    });
  const published: PublishedEnvironment[] = [];
  for (const version of await curatedVersions(app, names)) published.push(await publish(app, registry, version));
  return published;
}

async function curatedVersions(app: App, names: readonly string[]): Promise<EnvironmentVersion[]> {
  const workspace = await app.openWorkspace();
  const { items } = await workspace.environments.list({ category: 'curated', limit: 1000 });
  const versions: EnvironmentVersion[] = [];
  for (const name of names.length > 0 ? names : items.map((item) => item.name)) {
    const version = await findVersion(workspace, name);
    if (version.category !== 'curated')
      throw new AppError('USAGE', `\`${name}\` is not of the catalogue`, {
        hint: `An environment of your own goes to a registry with \`terroir env build ${name} --push REGISTRY/\`.`,
      });
    versions.push(version);
  }
  return versions;
}

/** Those that the catalogue has locks for; where it has none, this machine's, locked now. */
async function platformsFor(app: App, version: EnvironmentVersion): Promise<Platform[]> {
  const platforms: Platform[] = [];
  for (const platform of imagePlatforms)
    if ((await curatedLock(app.catalogFolder, version, platform)) !== undefined) platforms.push(platform);
  return platforms.length > 0 ? platforms : platformsOf(version, []);
}

async function publish(app: App, registry: string, version: EnvironmentVersion): Promise<PublishedEnvironment> {
  const { name, fingerprint } = version;
  const platforms = await platformsFor(app, version);
  app.emit({ type: 'note', level: 'info', message: `${name}:${version.version} for ${platforms.join(', ')}` });
  const { revision } = await ensureImages(app, version, platforms);
  const repository = repositoryBelow(registry, imageRepository(fingerprint));
  const view = { name, version: version.version, platforms, repository, digest: revision.digest };
  if (await isThere(app, repository, revision)) return { ...view, outcome: 'present' };
  await sendRevision(app, { place: `registry:${repositoryBelow(registry, '')}`, version, revision });
  return { ...view, outcome: 'published' };
}

/** With a record of what it was made of: whoever looks it up asks for that. */
async function isThere(
  app: App,
  repository: string,
  { digest, fingerprint, platforms }: ImageRevision,
): Promise<boolean> {
  const { remote } = await openRemoteRepository(app, repository);
  const published = (await readPublished(app, remote, { tag: 'latest', fingerprint }))?.image;
  if (published?.digest !== digest) return false;
  return platforms.every((image) => {
    const same = published.platforms.find(({ platform }) => platform === image.platform);
    return same !== undefined && hasSameImages(same, image);
  });
}

import { definitionDigest, fingerprint, imageRepository } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { type Image, isMultiImage, type MultiImage } from '../../image/index.ts';
import { checkLock } from '../../resolve/index.ts';
import type { VersionToShare } from '../../schema/rest/index.ts';
import type { EnvironmentVersion, RegisterResult, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { keepImage } from '../images/keep-image.ts';
import { adoptMeanings, namesOf } from '../images/named-images.ts';
import { openWorkspaceImage } from '../images/open-workspace-image.ts';
import { openWorkspaceRegistry } from '../images/workspace-registry.ts';
import { bindSharedLocks, withRevisionsOf } from './bind-shared-locks.ts';
import { lastLocks } from './locks-to-share.ts';
import { type ReadSource, readSource } from './read-source.ts';
import { register, registerAnonymous } from './register.ts';
import type { SharedEnvironment } from './share.ts';

/**
 * Takes in a version that another workspace shares. Its contents are here, and so is its image, without a tag. Everything is checked before anything
 * is registered.
 * @throws AppError VERSION_EXISTS, CONTENT_NOT_FOUND, IMAGE_NOT_FOUND, INVALID_IMAGE, INVALID_LOCK.
 */
export async function takeShared(app: App, shared: VersionToShare): Promise<Omit<SharedEnvironment, 'target'>> {
  const workspace = await app.openWorkspace();
  const { path = 'environment.yml', text, files = {} } = shared.definition;
  const source = await readSource(app, { kind: 'uploaded', path, text, files });
  if (fingerprint(source.read.definition) !== shared.fingerprint)
    throw new AppError('INVALID_DEFINITION', 'the definition does not have the fingerprint that it was sent with', {
      hint: 'It may be read in another way by another Terroir: with the same version on both sides it is read the same.',
    });
  for (const lock of shared.locks) checkLock(lock, { fingerprint: shared.fingerprint });
  const kept = shared.image === null ? undefined : await findImage(app, shared, shared.image);
  const { version, outcome } = await registerShared(app, { source, shared, workspace });
  await bindSharedLocks(workspace, version, shared.locks);
  if (kept !== undefined) await keepShared(app, version, kept);
  return {
    name: version.name,
    version: version.version,
    fingerprint: version.fingerprint,
    outcome,
    locks: lastLocks(shared.locks).map(({ platform, digest }) => ({ platform, digest })),
    digest: shared.image?.digest ?? null,
  };
}

async function registerShared(
  app: App,
  { source, shared, workspace }: { source: ReadSource; shared: VersionToShare; workspace: Workspace },
): Promise<RegisterResult> {
  const { name, version, anonymous, description, tags } = shared;
  const known = await workspace.environments.get(name, version);
  const isSame = known?.purgedAt === null && known.definitionDigest === definitionDigest(source.read.definition);
  // A curated one is everywhere: only its locks and its image are new.
  if (isSame && known.category === 'curated') return { version: known, outcome: 'unchanged' };
  if (anonymous) {
    const registered = await registerAnonymous(app, source);
    return { version: registered, outcome: isSame ? 'unchanged' : 'created' };
  }
  return await register(app, source, { name, version, description: description ?? undefined, tags });
}

interface FoundImage {
  record: NonNullable<VersionToShare['image']>;
  image: Image | MultiImage;
}

/** What is recorded of an image has to be true of it: others will take it for what the record says. */
async function findImage(
  app: App,
  { fingerprint, locks }: VersionToShare,
  record: FoundImage['record'],
): Promise<FoundImage> {
  const { digest, platforms } = record;
  const image = await openWorkspaceImage(app, { fingerprint, digest });
  const images = isMultiImage(image) ? image.images.map((each) => each.image) : [image];
  const whole = (isMultiImage(image) ? image.index : image.manifest).descriptor.digest;
  const isTrue =
    whole === digest &&
    platforms.length === images.length &&
    platforms.every((told) => {
      const one = images.find(({ manifest }) => manifest.descriptor.digest === told.digest);
      if (one === undefined || one.config.descriptor.digest !== told.configDigest) return false;
      const layers = one.layers.map(({ descriptor }) => descriptor.digest);
      return layers.length === told.layers.length && layers.every((layer, at) => layer === told.layers[at]?.digest);
    });
  if (!isTrue)
    throw new AppError('INVALID_IMAGE', `the record of the image ${digest} is not true of it`, {
      hint: 'Share the version again.',
    });
  for (const { platform, lockDigest } of platforms)
    if (lockDigest !== null && !locks.some((lock) => lock.platform === platform && lock.digest === lockDigest))
      throw new AppError('INVALID_LOCK', `the lock that the image for ${platform} was made of was not sent`);
  return { record, image };
}

async function keepShared(app: App, version: EnvironmentVersion, { record, image }: FoundImage): Promise<void> {
  const workspace = await app.openWorkspace();
  const { fingerprint } = version;
  await adoptMeanings(workspace, record.platforms, await namesOf(workspace, version));
  await keepImage(app, workspace, {
    image,
    repository: (await openWorkspaceRegistry(app)).repository(imageRepository(fingerprint)),
    record: { ...record, fingerprint, platforms: await withRevisionsOf(workspace, version, record.platforms) },
    title: 'Keeping the image',
  });
}

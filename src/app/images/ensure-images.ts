import { imageRepository, needsEngine } from '../../definition/index.ts';
import { inParallel } from '../../io/index.ts';
import type { Repository } from '../../registry/index.ts';
import { type ImageRevision, type Lock, normaliseImage, type Platform } from '../../schema/index.ts';
import type { EnvironmentVersion, LockRevision, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { refuseWhatCannotBuild } from '../environments/runnable.ts';
import { lockOf } from '../locks/bound-lock.ts';
import { relock } from '../locks/ensure-lock.ts';
import { type BaseImage, resolveBase } from './base-image.ts';
import { readBasePythons } from './base-pythons.ts';
import { buildAlone } from './build-alone.ts';
import { composeImages, type Ingredients } from './compose-images.ts';
import { adoptLocks, findGlobal, type GlobalImage, takeGlobal } from './global-registry.ts';
import type { ImageView } from './image-view.ts';
import { isExecuted, meaningsOf, meaningsOfNewest, resolveNamed } from './named-images.ts';
import { readBaseEarly } from './read-base-early.ts';
import { openWorkspaceRegistry } from './workspace-registry.ts';

export interface EnsuredImages {
  revision: ImageRevision;
  source: ImageView['source'];
}

interface EnsureOptions {
  /** Looks at the base anew, and takes nothing from the global registry. */
  fresh?: boolean;
  engine?: string;
  /** Refuses a lock by throwing, as soon as it is known: before anything large is fetched or built for it. */
  acceptLock?: (lock: Lock) => Promise<void>;
}

/**
 * The image revision of a version for some platforms: the workspace's if it has one of this lock and base, else the global registry's, else it is
 * built, by one of all who ask at the same time.
 */
export async function ensureImages(
  app: App,
  version: EnvironmentVersion,
  platforms: readonly Platform[],
  { fresh = false, engine, acceptLock }: EnsureOptions = {},
): Promise<EnsuredImages> {
  refuseWhatCannotBuild(version);
  const workspace = await app.openWorkspace();
  const global = fresh
    ? async () => await Promise.resolve(undefined)
    : once(async () => await findGlobal(app, version));
  if (!fresh) await adoptIfNew(app, workspace, { version, global });
  const ingredients = await ingredientsOf(app, workspace, { version, platforms, fresh, acceptLock });
  const repository = (await openWorkspaceRegistry(app)).repository(imageRepository(version.fingerprint));
  // What an engine made is known by what it was made of, and it may come out otherwise today: only what was made from now on is anew.
  const isAnew = fresh && isExecuted(version.definition);
  const older = isAnew ? ((await workspace.images.latest(version.fingerprint))?.revision ?? 0) : 0;
  let source: ImageView['source'] | undefined;
  const revision = await buildAlone(app, workspace, {
    names: platforms.map((platform) => `${version.fingerprint.slice(0, 32)}-${platform}`),
    title: `the image of ${version.name}:${version.version}`,
    look: async () => {
      const found = await findImages(workspace, repository, version.fingerprint, ingredients);
      return found !== undefined && found.revision > older ? found : undefined;
    },
    work: async (building) => {
      const found = await global();
      const taken = found && (await takeGlobal(building, workspace, { repository, ingredients, global: found }));
      source = taken === undefined ? 'built' : 'global';
      if (taken !== undefined) return taken;
      await tellMoved(building, workspace, { version, ingredients });
      return await composeImages(building, { workspace, repository, version, ingredients, engine, fresh: isAnew });
    },
  });
  if (source !== undefined) return { revision, source };
  app.emit({ type: 'step-finished', id: 0, title: 'Image', outcome: 'cached', ms: 0 });
  return { revision, source: 'workspace' };
}

/**
 * Does something with the images of a version. Where a layer turns out to be damaged, which nobody knew before it was read, it is made or brought
 * again, and the same is done once more.
 */
export async function useImages<T>(
  ensure: () => Promise<EnsuredImages>,
  use: (images: EnsuredImages) => Promise<T>,
): Promise<T> {
  const images = await ensure();
  try {
    return await use(images);
  } catch (error) {
    const again = images.source === 'workspace' ? await ensure() : images;
    if (again.source === 'workspace' || again === images) throw error;
    return await use(again);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => await (made ??= make());
}

/** What is new here takes its locks from the global registry, if that has the image. */
async function adoptIfNew(
  app: App,
  workspace: Workspace,
  { version, global }: { version: EnvironmentVersion; global: () => Promise<GlobalImage | undefined> },
): Promise<void> {
  const { locks, images } = workspace;
  const { fingerprint } = version;
  const isKnown = (await locks.list(fingerprint)).length > 0 || (await images.latest(fingerprint)) !== undefined;
  if (isKnown) return;
  const found = await global();
  if (found !== undefined) await adoptLocks(workspace, { version, global: found });
}

async function ingredientsOf(
  app: App,
  workspace: Workspace,
  {
    version,
    platforms,
    fresh,
    acceptLock,
  }: Pick<EnsureOptions, 'acceptLock'> & {
    version: EnvironmentVersion;
    platforms: readonly Platform[];
    fresh: boolean;
  },
): Promise<Ingredients[]> {
  const { image, layer, autoRebuild, dockerSteps = '' } = version.definition;
  const held = autoRebuild === 'disabled' && !fresh ? await meaningsOfNewest(workspace, version) : undefined;
  const pinned = image === undefined ? undefined : held?.get(normaliseImage(image));
  const base = image === undefined ? undefined : await resolveBase(app, workspace, image, { fresh, pinned });
  const named = await resolveNamed(app, workspace, { version, base, fresh, held });
  const isNew = layer !== undefined && (await workspace.locks.list(version.fingerprint)).length === 0;
  const early =
    base !== undefined && isNew && !needsEngine(dockerSteps) ? readBaseEarly(app, base, platforms) : undefined;
  const ingredients: Ingredients[] = [];
  try {
    for (const platform of platforms) {
      const lock = layer === undefined ? undefined : await lockOf(app, version, platform);
      // One that was resolved just now has seen its base.
      const isOlder = lock?.outcome === 'cached';
      const used = isOlder ? await withPythonOf(app, workspace, { version, base, lock }) : lock;
      if (used !== undefined) await acceptLock?.(used.lock);
      ingredients.push({ platform, base, named, lock: used });
    }
  } catch (error) {
    await early?.stop();
    throw error;
  }
  return ingredients;
}

/** Whoever uses a version learns why what was made before is not what it gets. */
async function tellMoved(
  app: App,
  workspace: Workspace,
  { version, ingredients }: { version: EnvironmentVersion; ingredients: readonly Ingredients[] },
): Promise<void> {
  const before = await meaningsOfNewest(workspace, version);
  for (const [reference, digest] of meaningsOf(ingredients.map(({ named }) => named))) {
    const meant = before?.get(reference);
    if (meant === undefined || meant === digest) continue;
    app.emit({
      type: 'note',
      level: 'info',
      message: `\`${reference}\` moved from ${meant} to ${digest}: building again`,
      hint: 'The earlier image revisions stay; `auto_rebuild: disabled`, or a digest in the place of the tag, holds it.',
    });
  }
}

/** The Python of a lock that took it from its base must be there still: a base that moved may have brought another one. */
async function withPythonOf(
  app: App,
  { images }: Workspace,
  { version, base, lock }: { version: EnvironmentVersion; base: BaseImage | undefined; lock: LockRevision },
): Promise<LockRevision> {
  const { platform, fingerprint } = lock;
  const { python, digest: lockDigest } = lock.lock;
  if (base === undefined || python?.source !== 'base') return lock;
  if ((await images.find({ fingerprint, platform, lockDigest, baseDigest: base.digest })) !== undefined) return lock;
  const pythons = await readBasePythons(app, base.reference, platform);
  if (pythons === undefined || pythons.length === 0 || pythons.includes(python.version)) return lock;
  app.emit({
    type: 'note',
    level: 'warning',
    message: `the base image \`${base.reference}\` moved from Python ${python.version} to ${pythons.join(' and ')}: locking again`,
    hint: 'The earlier lock and image revisions stay; a version in `python: {version: …}`, or a digest in `image`, holds it.',
  });
  const moved = await relock(app, version, platform, { upgrade: 'none', dryRun: false });
  return { ...lock, lock: moved.lock, revision: moved.revision ?? lock.revision };
}

/** The newest revision that has every platform of these ingredients, if the registry still has all of it. */
async function findImages(
  { images }: Workspace,
  repository: Repository,
  fingerprint: string,
  ingredients: readonly Ingredients[],
): Promise<ImageRevision | undefined> {
  let common: ImageRevision | undefined;
  for (const { platform, lock, named } of ingredients) {
    const found = await images.find({
      fingerprint,
      platform,
      lockDigest: lock?.lock.digest ?? null,
      baseDigest: named.base?.digest ?? null,
      images: named.images,
    });
    if (found === undefined || (common !== undefined && common.revision !== found.revision.revision)) return undefined;
    common = found.revision;
  }
  return common !== undefined && (await isWhole(repository, common)) ? common : undefined;
}

async function isWhole(repository: Repository, { digest, platforms }: ImageRevision): Promise<boolean> {
  for (const manifest of [digest, ...platforms.map((each) => each.digest)])
    if ((await repository.findManifest(manifest)) === undefined) return false;
  const layers = platforms.flatMap((each) => each.layers);
  const found = await inParallel(layers, 8, async (layer) => await repository.findBlob(layer.digest));
  return !found.includes(undefined);
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError } from '../../errors/index.ts';
import { removeTree, withFsErrors } from '../../io/index.ts';
import type { InstallPlan } from '../../plan/index.ts';
import type { Lock } from '../../schema/index.ts';
import { compareFile, type Store, type UnpackedWheel } from '../../store/index.ts';
import type { LayerCache } from './layer-cache.ts';
import type { LayerDraft, LayerPool } from './layer-pool.ts';
import { type LayerEntry, type LayerPart, type LayerRecipe, layerKey } from './layer-recipe.ts';
import type { LayerFacts } from './layer-writer.ts';
import type { LocatedPart } from './make-layer.ts';
import { planRecipes, sortEntries } from './plan-recipes.ts';
import { layerBudget, type PackageGroup, type SplitPackage, splitPackages } from './split-packages.ts';

/** A layer of this machine's cache, and what is in it. */
export interface MadeLayer extends LayerFacts {
  kind: 'packages' | 'bytecode' | 'environment';
  /** `numpy 2.3.5`, sorted. */
  packages: string[];
}

export interface LayersWanted {
  lock: Lock;
  /** Every wheel of the lock by its archive's SHA-256; their `folder` may not exist. What depends on the base may take until that is read. */
  settle: (wheels: ReadonlyMap<string, UnpackedWheel>) => Settled | Promise<Settled>;
  /** Waits until an archive is in the store. Without it, all of them are. */
  archive?: (sha256: string) => Promise<void>;
  /** Where wheels go to in the image, as it will most likely turn out: they are begun before that is known. */
  expected: string;
  baseLayers: number;
  /** Layers that somebody adds besides. */
  reserved?: number;
}

/** What is known when all wheels, and the base, have been looked at. */
export interface Settled {
  plan: InstallPlan;
  /** Where the prefix lies in the image, without a slash before it. */
  folder: string;
  /** What goes into the last layer besides what the plan has for it. */
  extra: readonly LayerEntry[];
}

interface Begun {
  parts: readonly LocatedPart[];
  folder: string;
  file: string;
  draft: LayerDraft;
}

/**
 * The layers of a lock: those that the cache has, the rest made of the store's archives, each as soon as it is there. A wheel that nobody has looked at
 * yet is read once for both, the plan and its layer.
 * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_WHEEL, CORRUPT_STORE; TOO_MANY_LAYERS; and what `settle` throws.
 */
export async function buildLayers(
  { store, cache, pool }: { store: Store; cache: LayerCache; pool: LayerPool },
  { lock, settle, archive, expected, baseLayers, reserved = 0 }: LayersWanted,
): Promise<MadeLayer[]> {
  const budget = layerBudget(baseLayers) - reserved;
  if (budget < 1) throw tooManyLayers(baseLayers);
  const packages: SplitPackage[] = lock.packages.map((each) => ({ ...each, isPrivate: false }));
  const wheels = await findWheels(lock, { store, cache });
  const begun: Begun[] = [];
  const arrival = async (parts: readonly LayerPart[]): Promise<void> => {
    await Promise.all(parts.map(async ({ sha256 }) => await archive?.(sha256)));
  };
  const makeBlob = async (group: PackageGroup, recipe: LayerRecipe): Promise<LayerFacts> => {
    const key = layerKey(recipe);
    const found = await cache.find(key);
    if (found !== undefined) return found;
    await arrival(recipe.parts);
    const parts = recipe.parts.map((part) => ({ ...part, archive: store.archivePath(part.sha256) }));
    const own = begun.find((each) => sameParts(each.parts, recipe.parts));
    if (own !== undefined) {
      begun.splice(begun.indexOf(own), 1);
      try {
        const facts = await own.draft.finish(recipe.entries);
        await cache.keep(key, facts, own.file);
        return facts;
      } finally {
        await removeTree(own.folder);
      }
    }
    const weight = group.reduce((sum, { size }) => sum + size, 0);
    return await makeAside(key, recipe, { cache, pool, parts, weight });
  };
  try {
    await allSettled(
      splitPackages(packages, budget)
        .filter((group) => group.some(({ sha256 }) => !wheels.has(sha256) && isWheel(lock, sha256)))
        .map(async (group) => {
          const parts = group
            .filter(({ sha256 }) => isWheel(lock, sha256))
            .map((each) => firstPart(each, lock, { path: expected, store }));
          await arrival(parts);
          begun.push(await begin(parts, group, { cache, pool }));
        }),
    );
    for (const { folder: temporary, parts } of begun) {
      for (const { sha256 } of parts) {
        await cache.keepWheel(sha256, join(temporary, 'wheels', sha256));
        const wheel = cache.findWheel(sha256);
        if (wheel !== undefined) wheels.set(sha256, wheel);
      }
    }
    const { plan, folder, extra } = await settle(wheels);
    const losers = losersOf(plan);
    const groups = splitPackages(
      packages.map((each) => ({ ...each, isPrivate: losers.has(each.sha256) })),
      budget,
    );
    const planned = planRecipes(plan, groups, folder);
    const environment: LayerRecipe = { parts: [], entries: sortEntries([...planned.environment, ...extra]) };
    const made = await allSettled([
      ...groups.map(async (group, index): Promise<MadeLayer> => {
        const facts = await makeBlob(group, planned.packages[index] as LayerRecipe);
        return { ...facts, kind: 'packages', packages: group.map(({ name, version }) => `${name} ${version}`) };
      }),
      makeBlob([], environment).then((facts): MadeLayer => ({ ...facts, kind: 'environment', packages: [] })),
    ]);
    return made;
  } catch (error) {
    throw await explainDamage(error, lock, store);
  } finally {
    await Promise.all(
      begun.map(async ({ draft, folder: temporary }) => {
        await draft.drop().catch(() => undefined);
        await removeTree(temporary);
      }),
    );
  }
}

async function begin(
  parts: readonly LocatedPart[],
  group: PackageGroup,
  { cache, pool }: { cache: LayerCache; pool: LayerPool },
): Promise<Begun> {
  const folder = await cache.temporary();
  const file = join(folder, 'layer');
  const describeIn = join(folder, 'wheels');
  try {
    await withFsErrors(`make the folder \`${describeIn}\``, async () => await mkdir(describeIn));
    const weight = group.reduce((sum, { size }) => sum + size, 0);
    const draft = await pool.begin({ file, parts, describeIn }, weight);
    return { parts, folder, file, draft };
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
}

/** A layer of entries alone. */
export async function makeEntriesLayer(
  { cache, pool }: { cache: LayerCache; pool: LayerPool },
  entries: readonly LayerEntry[],
): Promise<MadeLayer> {
  const recipe: LayerRecipe = { parts: [], entries: sortEntries(entries) };
  const key = layerKey(recipe);
  const facts = (await cache.find(key)) ?? (await makeAside(key, recipe, { cache, pool, parts: [], weight: 0 }));
  return { ...facts, kind: 'environment', packages: [] };
}

async function makeAside(
  key: string,
  { entries }: LayerRecipe,
  { cache, pool, parts, weight }: { cache: LayerCache; pool: LayerPool; parts: readonly LocatedPart[]; weight: number },
): Promise<LayerFacts> {
  const temporary = await cache.temporary();
  const file = join(temporary, 'layer');
  try {
    const facts = await pool.make({ file, parts }, entries, weight);
    await cache.keep(key, facts, file);
    return facts;
  } finally {
    await removeTree(temporary);
  }
}

/** All of them end before this does; then the first failure counts. */
async function allSettled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

async function findWheels(
  lock: Lock,
  { store, cache }: { store: Store; cache: LayerCache },
): Promise<Map<string, UnpackedWheel>> {
  const found = new Map<string, UnpackedWheel>();
  for (const { kind, sha256 } of lock.packages) {
    if (kind !== 'pypi') continue;
    const wheel = cache.findWheel(sha256) ?? (await store.findWheel(sha256));
    if (wheel !== undefined) found.set(sha256, wheel);
  }
  return found;
}

/** Archives that lost a file to another one. What conda packages leave out for their own sake does not count. */
function losersOf({ trees, overwrites }: InstallPlan): Set<string> {
  const names = new Set(overwrites.map(({ loser }) => loser));
  const losers = trees.filter(({ wheel, without, owner }) =>
    wheel === undefined ? names.has(owner) : without.size > 0,
  );
  return new Set(losers.map(({ archive }) => archive));
}

function isWheel(lock: Lock, sha256: string): boolean {
  return lock.packages.some((each) => each.sha256 === sha256 && each.kind === 'pypi');
}

/** A part as the plan will have it if nothing collides. */
function firstPart({ sha256 }: SplitPackage, lock: Lock, { path, store }: { path: string; store: Store }): LocatedPart {
  const filename = lock.packages.find((each) => each.sha256 === sha256)?.filename ?? sha256;
  return { kind: 'wheel', sha256, filename, path, without: [], archive: store.archivePath(sha256) };
}

function sameParts(a: readonly LayerPart[], b: readonly LayerPart[]): boolean {
  return layerKey({ parts: a, entries: [] }) === layerKey({ parts: b, entries: [] });
}

/** An archive that is refused goes; one that was right when it came and is not any more, so that it is fetched again. */
async function explainDamage(error: unknown, lock: Lock, store: Store): Promise<unknown> {
  if (isAppError(error, 'CORRUPT_STORE')) {
    await store.dropDamaged(lock.packages.filter(({ kind }) => kind === 'conda').map(({ sha256 }) => sha256));
    return error;
  }
  const isRefusal = (['CORRUPT_ARCHIVE', 'HOSTILE_ARCHIVE', 'INVALID_WHEEL'] as const).some((code) =>
    isAppError(error, code),
  );
  if (!isAppError(error) || !isRefusal) return error;
  const refused = lock.packages.filter(({ filename }) => error.message.includes(`\`${filename}\``));
  const damaged = refused.filter(({ sha256 }) => compareFile(store.archivePath(sha256), sha256) !== undefined);
  if (damaged.length === 0) {
    for (const { sha256, filename } of refused) await store.dropRefused({ sha256, filename, cause: error });
    return error;
  }
  await store.dropDamaged(damaged.map(({ sha256 }) => sha256));
  const names = damaged.map(({ filename }) => `\`${filename}\``);
  return new AppError('CORRUPT_STORE', `the archive of ${names.join(' and ')} was damaged on this machine`, {
    hint: 'It was dropped; run the command again to fetch it again.',
    cause: error,
  });
}

function tooManyLayers(count: number): AppError {
  return new AppError('TOO_MANY_LAYERS', `the base image has ${count} layers, and an engine takes 125 in all`, {
    hint: 'Squash the base image, or take one with fewer layers.',
  });
}

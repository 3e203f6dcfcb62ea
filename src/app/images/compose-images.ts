import { dockerInstructions, needsEngine } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import {
  type Base,
  type BuiltImage,
  checkInterpreter,
  composeIndex,
  createImageBuilder,
  type Image,
  type ImageBuilder,
} from '../../image/index.ts';
import { listInterpreters } from '../../io/index.ts';
import type { Repository } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import type { Definition, ImageRevision, Lock, Platform, PlatformImage } from '../../schema/index.ts';
import type { EnvironmentVersion, LockRevision, Workspace } from '../../workspace/index.ts';
import { allOrFirst } from '../all-or-first.ts';
import type { App } from '../app.ts';
import { type Arrivals, createArrivals } from '../packages/arrivals.ts';
import { type FetchedPackages, fetchPackages } from '../packages/fetch-packages.ts';
import { type BaseImage, type OpenBase, readBaseImage } from './base-image.ts';
import { dockerfileOf } from './dockerfile-of.ts';
import { buildWithEngine } from './engine-base.ts';
import { keepImage } from './keep-image.ts';
import { inLines, type NamedImages } from './named-images.ts';

/** What an image of one platform is made of. */
export interface Ingredients {
  platform: Platform;
  lock: LockRevision | undefined;
  /** The definition's; undefined for a build context. */
  base: BaseImage | undefined;
  /** What the images mean that it is made on. */
  named: NamedImages;
}

export interface Composition {
  workspace: Workspace;
  repository: Repository;
  version: EnvironmentVersion;
  ingredients: readonly Ingredients[];
  /** Which engine executes steps; one that is there if none is named. */
  engine: string | undefined;
  /** Executes what an engine has to execute again, whatever is kept of it. */
  fresh: boolean;
}

/** Composes the images of a version, and enters them as its next revision. */
export async function composeImages(app: App, request: Composition): Promise<ImageRevision> {
  const { workspace, repository, version, ingredients } = request;
  const builder = createImageBuilder({ store: app.store });
  try {
    // What is in the store must stay until it is in the registry.
    return await app.store.whileInstalling(
      async () => {
        const made: MadeImage[] = [];
        for (const each of ingredients) made.push(await composeOne(app, builder, request, each));
        reportNotes(app, made);
        const [only] = made;
        return await keepImage(app, workspace, {
          image: made.length === 1 && only !== undefined ? only.image : composeIndex(made.map((each) => each.image)),
          repository,
          record: { fingerprint: version.fingerprint, platforms: made.map(({ record }) => record), origin: 'built' },
          title: 'Writing to the workspace’s registry',
        });
      },
      { signal: app.signal },
    );
  } finally {
    await builder.close();
  }
}

interface MadeImage {
  image: Image;
  record: PlatformImage;
  notes: readonly string[];
}

/** Says what a user should know of an image; what holds for several platforms, once. */
function reportNotes({ emit }: App, made: readonly MadeImage[]): void {
  const all = new Set(made.flatMap(({ notes }) => notes));
  for (const message of all) emit({ type: 'note', level: 'warning', message });
}

async function composeOne(
  app: App,
  builder: ImageBuilder,
  { workspace, version, engine, fresh }: Composition,
  { platform, lock, base, named }: Ingredients,
): Promise<MadeImage> {
  const { definition } = version;
  const arrivals = createArrivals();
  const fetched = lock === undefined ? undefined : fetchFor(app, lock.lock, { definition, arrivals });
  const compose = async (): Promise<{ built: BuiltImage; baseCreatedAt: string | null }> => {
    const ground = await groundOf(app, { workspace, version, base, named, platform, engine, fresh });
    const tree = readTree(app, builder, { version, ground, platform });
    const building = step(
      app.emit,
      `Composing the image for ${platform}`,
      async () =>
        await builder.build({
          base: ground.base.image,
          tree,
          baseReference: base?.reference ?? '',
          stepLayers: ground.stepLayers,
          steps: ground.steps,
          lock: lock?.lock,
          archive: arrivals.wait,
          conda: async () => (await fetched)?.conda ?? new Map(),
          compiler: definition.bytecode ? async (python) => await findCompiler(app, python) : undefined,
        }),
    );
    const [built] = await allOrFirst([building, tree]);
    return { built, baseCreatedAt: realTime(ground.createdAt) };
  };
  const [{ built, baseCreatedAt }] = await allOrFirst([compose(), fetched ?? Promise.resolve(undefined)]);
  return {
    image: built.image,
    notes: built.notes,
    record: recordOf(built, {
      platform,
      lock,
      named,
      baseCreatedAt,
      dockerfile: dockerfileOf(definition, lock?.lock),
    }),
  };
}

/** What is missing as it comes, each archive known as soon as it is there. */
async function fetchFor(
  app: App,
  lock: Lock,
  { definition, arrivals }: { definition: Definition; arrivals: Arrivals },
): Promise<FetchedPackages> {
  try {
    // Bytecode is compiled from files.
    const wheels = definition.bytecode ? 'unpacked' : 'archives';
    return await fetchPackages(app, lock, definition, { wheels, onArchive: arrivals.arrived });
  } catch (error) {
    arrivals.fail(error);
    throw error;
  }
}

/** Bytecode is that of one version; another one would make another image of the same lock and base. */
async function findCompiler(app: App, { version }: { version: string }): Promise<string> {
  const found = await listInterpreters(app.interpreters);
  const same = found.find((each) => each.version === version && each.implementation === 'cpython');
  if (same !== undefined) return same.executable;
  throw new AppError(
    'PYTHON_NOT_FOUND',
    `bytecode for the base's Python ${version} needs that version on this machine`,
    {
      hint: `Install it (\`uv python install ${version}\`, pyenv), or remove \`bytecode: true\`. There are: ${found.map((each) => each.version).join(', ')}.`,
    },
  );
}

interface GroundRequest {
  workspace: Workspace;
  version: EnvironmentVersion;
  base: BaseImage | undefined;
  named: NamedImages;
  platform: Platform;
  engine: string | undefined;
  fresh: boolean;
}

interface Ground {
  base: OpenBase;
  /** How many of its layers an engine made. */
  stepLayers: number;
  /** Steps that are still to be composed. */
  steps: { keyword: string; value: string }[];
  /** When the definition's base was made, as it says. */
  createdAt: string | undefined;
}

/** What is in the image that the environment stands on; a user-managed interpreter must be. */
async function readTree(
  app: App,
  builder: ImageBuilder,
  { version, ground: { base }, platform }: { version: EnvironmentVersion; ground: Ground; platform: Platform },
): Promise<Base> {
  const tree = await readBaseImage(app, builder, { base, title: `Reading the base image for ${platform}` });
  const { python, image: reference } = version.definition;
  if (python.userManaged && python.interpreterPath !== undefined)
    checkInterpreter(tree, {
      interpreter: python.interpreterPath,
      env: base.image.value.config.config?.Env ?? [],
      name: reference ?? version.name,
    });
  return tree;
}

/** What the environment stands on: the base, or what an engine made of it. */
async function groundOf(app: App, request: GroundRequest): Promise<Ground> {
  const { workspace, version, base, named, platform } = request;
  const { dockerSteps = '' } = version.definition;
  const opened = await base?.open(platform);
  const createdAt = opened?.image.value.config.created;
  if (opened === undefined || needsEngine(dockerSteps)) {
    const made = await buildWithEngine(app, workspace, { ...request, named: inLines(version, named) });
    return { ...made, createdAt };
  }
  const steps = dockerInstructions(dockerSteps).map(({ keyword, value }) => ({ keyword, value }));
  return { base: opened, stepLayers: 0, steps, createdAt };
}

function recordOf(
  { image, layers }: BuiltImage,
  {
    platform,
    lock,
    named,
    baseCreatedAt,
    dockerfile,
  }: {
    platform: Platform;
    lock: LockRevision | undefined;
    named: NamedImages;
    baseCreatedAt: string | null;
    dockerfile: string;
  },
): PlatformImage {
  const { manifest, config } = image;
  return {
    platform,
    digest: manifest.descriptor.digest,
    mediaType: manifest.descriptor.mediaType,
    configDigest: config.descriptor.digest,
    size: layers.reduce((sum, { size }) => sum + size, manifest.descriptor.size + config.descriptor.size),
    lockRevision: lock?.revision ?? null,
    lockDigest: lock?.lock.digest ?? null,
    ...named,
    baseCreatedAt,
    dockerfile,
    layers,
  };
}

/** Images that shall always be the same are made at the beginning of time: in 1970, 1980 or 2000. */
function realTime(created: string | undefined): string | null {
  const time = Date.parse(created ?? '');
  return time > Date.UTC(2010) ? new Date(time).toISOString() : null;
}

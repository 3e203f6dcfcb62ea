import { dockerInstructions, imageRepository, needsEngine } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';
import {
  type Base,
  type BuiltImage,
  composeIndex,
  createImageBuilder,
  type Image,
  type ImageBuilder,
  type MultiImage,
  openAll,
  writeImage,
} from '../image/index.ts';
import { type Repository, repositorySink, repositorySource } from '../registry/index.ts';
import { type Step, step } from '../report/index.ts';
import { type ImageRevision, type Platform, type PlatformImage, parseImage } from '../schema/index.ts';
import type { EnvironmentVersion, LockRevision, Workspace } from '../workspace/index.ts';
import { allOrFirst } from './all-or-first.ts';
import type { App } from './app.ts';
import { type BaseImage, resolveBase } from './base-image.ts';
import { lockOf } from './bound-lock.ts';
import { buildAlone } from './build-alone.ts';
import { dockerfileOf } from './dockerfile-of.ts';
import { buildWithEngine } from './engine-base.ts';
import { relock } from './ensure-lock.ts';
import { fetchPackages } from './fetch-packages.ts';
import { findOrRegister } from './find-or-register.ts';
import { type Sending, sendImage } from './image-places.ts';
import { type ImageView, imageViewOf } from './image-view.ts';
import { readPlatform } from './platform.ts';
import { refuseWhatCannotBuild } from './runnable.ts';
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
  const version = await findOrRegister(app, reference);
  const platforms = platformsOf(version, request.platforms);
  if (request.rebuild) await relockAll(app, version, platforms);
  const { revision, source } = await ensureImages(app, version, platforms, {
    fresh: request.rebuild,
    engine: request.engine,
  });
  const registry = await openWorkspaceRegistry(app);
  const repository = registry.repository(imageRepository(version.fingerprint));
  const places = [...(request.push === undefined ? [] : [`registry:${request.push}`]), ...request.outputs];
  for (const place of places) {
    const image = await openAll(repositorySource(repository, workspaceHost), { reference: revision.digest });
    await sendImage(app, {
      place,
      image,
      repository: repository.name,
      revision: revision.revision,
      base: homeOf(version, revision),
    });
  }
  const wanted = revision.platforms.filter(({ platform }) => platforms.includes(platform));
  return wanted.map((image) => imageViewOf(revision, image, source));
}

/** Those asked for, else the definition's, else this machine's (its Linux counterpart, for images are Linux's). */
function platformsOf({ definition }: EnvironmentVersion, asked: readonly string[]): Platform[] {
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

/** What an image of one platform is made of. */
interface Ingredients {
  platform: Platform;
  lock: LockRevision | undefined;
  base: BaseImage | undefined;
}

interface Found {
  revision: ImageRevision;
  source: ImageView['source'];
}

/**
 * The image revision of a version for some platforms: the workspace's if it has one of this lock and base, else it is built, by one of all who
 * ask at the same time.
 */
export async function ensureImages(
  app: App,
  version: EnvironmentVersion,
  platforms: readonly Platform[],
  { fresh = false, engine }: { fresh?: boolean; engine?: string } = {},
): Promise<Found> {
  refuseWhatCannotBuild(version);
  const workspace = await app.openWorkspace();
  const { definition, fingerprint } = version;
  const base =
    definition.image === undefined ? undefined : await resolveBase(app, workspace, definition.image, { fresh });
  const ingredients: Ingredients[] = [];
  for (const platform of platforms)
    ingredients.push({
      platform,
      base,
      lock: definition.layer === undefined ? undefined : await lockOf(app, version, platform),
    });
  const repository = (await openWorkspaceRegistry(app)).repository(imageRepository(fingerprint));
  let built = false;
  const revision = await buildAlone(app, workspace, {
    name: `${fingerprint.slice(0, 32)}-${platforms.join('-')}`,
    title: `the image of ${version.name}:${version.version}`,
    look: async () => await findImages(workspace, repository, fingerprint, ingredients),
    work: async (building) => {
      built = true;
      return await build(building, { workspace, repository, version, ingredients, engine });
    },
  });
  if (!built) app.emit({ type: 'step-finished', id: 0, title: 'Image', outcome: 'cached', ms: 0 });
  return { revision, source: built ? 'built' : revision.origin === 'global' ? 'global' : 'workspace' };
}

/** The newest revision that has every platform of these ingredients, if the registry still has all of it. */
async function findImages(
  { images }: Workspace,
  repository: Repository,
  fingerprint: string,
  ingredients: readonly Ingredients[],
): Promise<ImageRevision | undefined> {
  let common: ImageRevision | undefined;
  for (const { platform, lock, base } of ingredients) {
    const found = await images.find({
      fingerprint,
      platform,
      lockDigest: lock?.lock.digest ?? null,
      baseDigest: base?.digest ?? null,
    });
    if (found === undefined || (common !== undefined && common.revision !== found.revision.revision)) return undefined;
    common = found.revision;
  }
  return common !== undefined && (await isWhole(repository, common)) ? common : undefined;
}

async function isWhole(repository: Repository, { digest, platforms }: ImageRevision): Promise<boolean> {
  for (const manifest of [digest, ...platforms.map((each) => each.digest)])
    if ((await repository.findManifest(manifest)) === undefined) return false;
  for (const layer of platforms.flatMap(({ layers }) => layers))
    if ((await repository.findBlob(layer.digest)) === undefined) return false;
  return true;
}

interface Build {
  workspace: Workspace;
  repository: Repository;
  version: EnvironmentVersion;
  ingredients: readonly Ingredients[];
  engine: string | undefined;
}

async function build(app: App, request: Build): Promise<ImageRevision> {
  const { workspace, repository, version, ingredients } = request;
  const builder = createImageBuilder({ store: app.store });
  try {
    // What is in the store must stay until it is in the registry.
    return await app.store.whileInstalling(
      async () => {
        const made: { image: Image; record: PlatformImage }[] = [];
        for (const each of ingredients) made.push(await buildOne(app, builder, request, each));
        const [only] = made;
        const image: Image | MultiImage =
          made.length === 1 && only !== undefined ? only.image : composeIndex(made.map((each) => each.image));
        await step(app.emit, 'Writing to the workspace’s registry', async (current) => {
          await write(app, image, repository, { tags: [], current });
        });
        const revision = await workspace.images.add({
          fingerprint: version.fingerprint,
          digest: digestOf(image),
          platforms: made.map(({ record }) => record),
          origin: 'built',
        });
        await writeImage(image, repositorySink(repository, workspaceHost), {
          tags: [String(revision.revision), 'latest'],
          signal: app.signal,
        });
        return revision;
      },
      { signal: app.signal },
    );
  } finally {
    await builder.close();
  }
}

async function write(
  app: App,
  image: Image | MultiImage,
  repository: Repository,
  { tags, current }: { tags: string[]; current: Step },
): Promise<void> {
  let done = 0;
  await writeImage(image, repositorySink(repository, workspaceHost), {
    tags,
    signal: app.signal,
    onBlob: ({ size }) => {
      done += size;
      current.progress(done);
    },
  });
}

async function buildOne(
  app: App,
  builder: ImageBuilder,
  { workspace, version, engine }: Build,
  { platform, lock, base }: Ingredients,
): Promise<{ image: Image; record: PlatformImage }> {
  const { definition } = version;
  const [{ ground, tree }, packages] = await allOrFirst([
    readGround(app, builder, { workspace, version, base, platform, engine }),
    lock === undefined ? Promise.resolve(undefined) : fetchPackages(app, lock.lock, definition, { wheels: 'archives' }),
  ]);
  const built = await step(app.emit, `Composing the image for ${platform}`, async (): Promise<BuiltImage> => {
    return await builder.build({
      base: ground.image,
      tree,
      baseReference: base?.reference ?? '',
      stepLayers: ground.stepLayers,
      steps: ground.steps,
      lock: lock?.lock,
      conda: packages?.conda,
    });
  });
  return {
    image: built.image,
    record: recordOf(built, { platform, lock, base, dockerfile: dockerfileOf(definition, lock?.lock) }),
  };
}

interface GroundRequest {
  workspace: Workspace;
  version: EnvironmentVersion;
  base: BaseImage | undefined;
  platform: Platform;
  engine: string | undefined;
}

interface Ground {
  image: Image;
  /** How many of its layers an engine made. */
  stepLayers: number;
  /** Steps that are still to be composed. */
  steps: { keyword: string; value: string }[];
}

async function readGround(
  app: App,
  builder: ImageBuilder,
  request: GroundRequest,
): Promise<{ ground: Ground; tree: Base }> {
  const ground = await groundOf(app, request);
  const tree = await step(app.emit, `Reading the base image for ${request.platform}`, async (current) => {
    const { base, outcome } = await builder.readBase(ground.image, { signal: app.signal });
    if (outcome === 'cached') current.finish('cached');
    return base;
  });
  return { ground, tree };
}

/** What the environment stands on: the base, or what an engine made of it. */
async function groundOf(app: App, request: GroundRequest): Promise<Ground> {
  const { workspace, version, base, platform } = request;
  const { dockerSteps = '' } = version.definition;
  if (base === undefined || needsEngine(dockerSteps)) return await buildWithEngine(app, workspace, request);
  const steps = dockerInstructions(dockerSteps).map(({ keyword, value }) => ({ keyword, value }));
  return { image: await base.open(platform), stepLayers: 0, steps };
}

function recordOf(
  { image, layers }: BuiltImage,
  {
    platform,
    lock,
    base,
    dockerfile,
  }: { platform: Platform; lock: LockRevision | undefined; base: BaseImage | undefined; dockerfile: string },
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
    base: base === undefined ? null : { reference: base.reference, digest: base.digest },
    dockerfile,
    layers,
  };
}

function digestOf(image: Image | MultiImage): string {
  return ('index' in image ? image.index : image.manifest).descriptor.digest;
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

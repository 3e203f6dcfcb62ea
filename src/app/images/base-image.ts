import { AppError, isAppError } from '../../errors/index.ts';
import {
  type Base,
  type Image,
  type ImageBuilder,
  type ImageSource,
  ociPlatform,
  openImage,
  writeImage,
} from '../../image/index.ts';
import { keepLayer, type Repository, repositorySink, repositorySource } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import { type ImageReference, normaliseImage, type Platform, parseImage } from '../../schema/index.ts';
import type { Store } from '../../store/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findBaseIndex, keepBaseIndex } from './base-index.ts';
import { openRemoteRepository } from './remote-registry.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

/** A base image whose reference was resolved; its manifest is read when somebody opens it. */
export interface BaseImage {
  /** Normalised as Docker does. */
  reference: string;
  /** Of what the reference names: an index, or the manifest of the only platform. */
  digest: string;
  open(platform: Platform): Promise<OpenBase>;
}

/** The base image of a platform. The workspace's registry keeps a copy of it: a base is read from far away once. */
export interface OpenBase {
  reference: string;
  /** What of its layers is not in the workspace's registry yet comes there on the way to whoever reads them. */
  image: Image;
  isHere: boolean;
  /** Where its copy is. */
  repository: Repository;
  /** Brings what nobody has read. */
  bring(): Promise<void>;
}

interface Place {
  source: ImageSource;
  /** What a tag means there now; undefined if there is no such tag. */
  head(tag: string): Promise<string | undefined>;
}

/** Milliseconds for which an answer of a registry counts for everybody in the workspace. */
const freshness = 60_000;

/**
 * What a base image's reference means: the digest that it names itself, else what the registry said within the last minute, else what it says
 * now. A registry that cannot be reached means the last digest that is known, and saying so. `fresh` asks in any case; `pinned` is a digest that stays.
 * @throws AppError IMAGE_NOT_FOUND, UNREACHABLE, UNAUTHORIZED.
 */
export async function resolveBase(
  app: App,
  workspace: Workspace,
  image: string,
  { fresh = false, pinned }: { fresh?: boolean; pinned?: string } = {},
): Promise<BaseImage> {
  const parsed = parseImage(image);
  if (parsed === undefined)
    throw new AppError('INVALID_DEFINITION', `\`${image}\` is no reference to an image`, {
      hint: 'Write it like `debian:12-slim` or `registry.example/team/base@sha256:…`.',
    });
  const reference = normaliseImage(image);
  const place = await openPlace(app, parsed);
  const digest = parsed.digest ?? pinned ?? (await currentDigest(app, workspace, { reference, parsed, place, fresh }));
  return {
    reference,
    digest,
    open: async (platform) => await openBase(app, { place, reference, digest, platform }),
  };
}

/** Where copies of base images are in the workspace's registry. */
export const copies = 'terroir/bases';

async function openBase(
  app: App,
  { place, reference, digest, platform }: { place: Place; reference: string; digest: string; platform: Platform },
): Promise<OpenBase> {
  const repository = (await openWorkspaceRegistry(app)).repository(copies);
  const wanted = { reference: digest, platform: ociPlatform(platform), signal: app.signal };
  const tag = `${tagOfCopy(digest)}-${platform}`;
  if ((await repository.findManifest(tag)) !== undefined) {
    const image = await openImage(repositorySource(repository, workspaceHost), { ...wanted, reference: tag });
    if (await hasLayers(repository, image))
      return { reference, image, isHere: true, repository, bring: async () => await Promise.resolve() };
  }
  const image = await openImage(place.source, wanted);
  return {
    reference,
    image: { ...image, layers: image.layers.map((layer) => keepLayer(layer, repository, workspaceHost)) },
    isHere: false,
    repository,
    bring: async () =>
      await writeImage(image, repositorySink(repository, workspaceHost), { tags: [tag], signal: app.signal }),
  };
}

/** One that was damaged is not there any more; then the base is brought again. */
async function hasLayers(repository: Repository, { layers }: Image): Promise<boolean> {
  const found = await Promise.all(layers.map(async ({ descriptor }) => await repository.findBlob(descriptor.digest)));
  return !found.includes(undefined);
}

/** Bases that are being read by this process, by their manifests' digests. */
const goingOn = new WeakMap<Store, Map<string, Promise<Base>>>();

/** What is in a base image; what was not in the workspace's registry is then. Who asks while it is being read gets the same. */
export async function readBaseImage(
  app: App,
  builder: ImageBuilder,
  { base, title }: { base: OpenBase; title: string },
): Promise<Base> {
  const { digest } = base.image.manifest.descriptor;
  const reading = goingOn.get(app.store) ?? new Map<string, Promise<Base>>();
  goingOn.set(app.store, reading);
  for (let other = reading.get(digest); other !== undefined; other = reading.get(digest)) {
    const going = other;
    // Whoever reads it may be interrupted; then the next one does it.
    const found = await step(app.emit, title, async () => await going.catch(() => undefined));
    app.signal.throwIfAborted();
    if (found !== undefined) return found;
  }
  const own = readAlone(app, builder, { base, title }).finally(() => reading.delete(digest));
  reading.set(digest, own);
  return await own;
}

async function readAlone(
  app: App,
  builder: ImageBuilder,
  { base: { reference, image, isHere, repository, bring }, title }: { base: OpenBase; title: string },
): Promise<Base> {
  const { signal } = app;
  const { descriptor } = image.manifest;
  if (isHere)
    return await step(app.emit, title, async (current) => {
      const findKept = async (): Promise<Buffer | undefined> => await findBaseIndex(app, repository, descriptor);
      const { base, outcome } = await builder.readBase(image, { signal, findKept });
      if (outcome === 'cached') current.finish('cached');
      else await keepBaseIndex(app, repository, { base, subject: descriptor });
      return base;
    });
  const total = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  return await step(
    app.emit,
    `Bringing and reading the base image ${reference}`,
    async (current) => {
      let done = 0;
      const onBytes = (size: number): void => current.progress((done += size), total);
      const { base } = await builder.readBase(image, { signal, onBytes });
      await bring();
      await keepBaseIndex(app, repository, { base, subject: descriptor });
      return base;
    },
    { unit: 'bytes', total },
  );
}

/** The tags of copies begin with it, and go on with a platform. */
const tagOfCopy = (digest: string): string => digest.split(':')[1]?.slice(0, 32) ?? '';

/** Tells garbage collection which tags are of copies of base images that no image was made on and no reference means any more: they can be brought again. */
export async function findLooseCopies({ images }: Workspace): Promise<(repository: string, tag: string) => boolean> {
  const known = new Set([...(await images.knownBases())].map(tagOfCopy));
  return (repository, tag) => repository === copies && !known.has(tag.slice(0, 32));
}

/** `localhost/NAME` without a port is the workspace's own registry. */
async function openPlace(app: App, { registry, repository }: ImageReference): Promise<Place> {
  if (registry !== workspaceHost) {
    const { remote, source } = await openRemoteRepository(app, `${registry}/${repository}`);
    return { source, head: async (tag) => (await remote.findManifest(tag, app))?.digest };
  }
  const own = (await openWorkspaceRegistry(app)).repository(repository);
  return {
    source: repositorySource(own, workspaceHost),
    head: async (tag) => (await own.findManifest(tag))?.digest,
  };
}

async function currentDigest(
  app: App,
  { images }: Workspace,
  { reference, parsed, place, fresh }: { reference: string; parsed: ImageReference; place: Place; fresh: boolean },
): Promise<string> {
  const known = await images.baseDigest(reference);
  const isFresh = known !== undefined && Date.now() - Date.parse(known.checkedAt) < freshness;
  if (known !== undefined && (app.offline || (isFresh && !fresh))) return known.digest;
  try {
    const digest = await place.head(parsed.tag ?? 'latest');
    if (digest === undefined)
      throw new AppError('IMAGE_NOT_FOUND', `there is no image \`${reference}\``, {
        hint: 'Check its name and tag; a private one needs a log-in (`docker login`).',
      });
    await images.setBaseDigest(reference, digest);
    return digest;
  } catch (error) {
    const isAway = isAppError(error, 'UNREACHABLE') || isAppError(error, 'TIMEOUT') || isAppError(error, 'OFFLINE');
    if (!isAway || known === undefined) throw error;
    app.emit({
      type: 'note',
      level: 'warning',
      message: `the registry of \`${reference}\` cannot be reached: taking what it meant on ${known.checkedAt.slice(0, 16).replace('T', ' at ')}`,
      hint: (error as AppError).message,
    });
    return known.digest;
  }
}

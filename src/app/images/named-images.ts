import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { dockerfileBase, dockerfileImages, needsEngine } from '../../definition/index.ts';
import { isAppError } from '../../errors/index.ts';
import {
  type Definition,
  type NamedImage,
  normaliseImage,
  type PlatformImage,
  parseImage,
} from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { accessStored } from '../environments/stored-files.ts';
import { type BaseImage, resolveBase } from './base-image.ts';

/** The images that an image is made on, as its record has them. */
export type NamedImages = Pick<PlatformImage, 'base' | 'images'>;

/** What a version without automatic rebuilds stays on, wherever tags move: references, and what they meant. */
type Meanings = ReadonlyMap<string, string>;

/** True if making it takes an engine: a build context, or steps that execute something. */
export function isExecuted({ build, dockerSteps = '' }: Definition): boolean {
  return build !== undefined || needsEngine(dockerSteps);
}

/**
 * What the images of a version mean now: its base, and those that its Dockerfile or its executing steps name. They are looked up as bases are. One
 * that no registry knows, or whose name only a build knows, is left out: the engine alone can tell. `held` are those that stay; others are left out.
 */
export async function resolveNamed(
  app: App,
  workspace: Workspace,
  {
    version,
    base,
    fresh,
    held,
  }: { version: EnvironmentVersion; base: BaseImage | undefined; fresh: boolean; held: Meanings | undefined },
): Promise<NamedImages> {
  const own = base === undefined ? null : { reference: base.reference, digest: base.digest };
  const lines = await linesForEngine(workspace, version);
  const last = version.definition.build === undefined ? undefined : dockerfileBase(lines);
  const known = new Map<string, NamedImage>(own === null ? [] : [[own.reference, own]]);
  const references = referencesIn(lines).filter((reference) => !known.has(reference));
  const found = await Promise.all(
    references.map(async (reference) => {
      const pinned = held?.get(reference);
      // What the newest image was made without is not what it stays on.
      if (held !== undefined && pinned === undefined) return undefined;
      return await lookUp(app, workspace, reference, { fresh, pinned });
    }),
  );
  for (const image of found) if (image !== undefined) known.set(image.reference, image);
  const standsOn = own ?? (last === undefined ? null : (known.get(normaliseImage(last)) ?? null));
  const others = [...known.values()].filter((image) => image !== standsOn);
  return { base: standsOn, images: others.toSorted((a, b) => (a.reference < b.reference ? -1 : 1)) };
}

/** Those that an engine meets in its lines: the base of a context, too, while that of steps mostly stands above them only. */
export function inLines({ definition }: EnvironmentVersion, { base, images }: NamedImages): NamedImage[] {
  if (base === null) return images;
  const isThere = definition.build !== undefined || referencesIn(definition.dockerSteps ?? '').includes(base.reference);
  return isThere ? [base, ...images] : images;
}

export function hasSameImages(a: NamedImages, b: NamedImages): boolean {
  return a.base?.digest === b.base?.digest && isDeepStrictEqual(a.images, b.images);
}

/** References, and what they mean or meant. */
export function meaningsOf(images: readonly NamedImages[]): Map<string, string> {
  const named = images.flatMap(({ base, images: others }) => (base === null ? others : [base, ...others]));
  return new Map(named.map(({ reference, digest }) => [reference, digest]));
}

/** Those that the newest image of a version was made on; undefined if it has none. */
export async function meaningsOfNewest(
  { images }: Workspace,
  { fingerprint }: EnvironmentVersion,
): Promise<Meanings | undefined> {
  const newest = await images.latest(fingerprint);
  return newest === undefined ? undefined : meaningsOf(newest.platforms);
}

/** The references of a version, normalised. */
export async function namesOf(workspace: Workspace, version: EnvironmentVersion): Promise<Set<string>> {
  const { image } = version.definition;
  const references = referencesIn(await linesForEngine(workspace, version));
  return new Set(image === undefined ? references : [normaliseImage(image), ...references]);
}

/** Takes over what references meant where an image comes from, so that nobody has to ask their registries for an image that is there. */
export async function adoptMeanings(
  { images }: Workspace,
  from: readonly NamedImages[],
  names?: ReadonlySet<string>,
): Promise<void> {
  for (const [reference, digest] of meaningsOf(from)) {
    const isWanted = names?.has(reference) ?? true;
    if (isWanted && (await images.baseDigest(reference)) === undefined) await images.setBaseDigest(reference, digest);
  }
}

/** The Dockerfile of a context, or the steps that an engine executes. */
async function linesForEngine(workspace: Workspace, { definition, files }: EnvironmentVersion): Promise<string> {
  const { build, dockerSteps = '' } = definition;
  if (build === undefined) return isExecuted(definition) ? dockerSteps : '';
  const path = posix.join(build.context.path, build.dockerfilePath);
  return (await accessStored(workspace, files).readBytes(path))?.toString() ?? '';
}

function referencesIn(lines: string): string[] {
  const references = dockerfileImages(lines).map(({ reference }) => reference);
  return [...new Set(references.filter((each) => parseImage(each) !== undefined).map((each) => normaliseImage(each)))];
}

/** Milliseconds for which a registry is waited for: without it there is what the engine has. */
const longest = 10_000;

/** An engine may have an image that its registry has not, or not for us; then what is known of it counts, if anything is. */
async function lookUp(
  app: App,
  workspace: Workspace,
  reference: string,
  { fresh, pinned }: { fresh: boolean; pinned: string | undefined },
): Promise<NamedImage | undefined> {
  const patience = AbortSignal.timeout(longest);
  try {
    const hasty = { ...app, signal: AbortSignal.any([app.signal, patience]) };
    const { digest } = await resolveBase(hasty, workspace, reference, { fresh, pinned });
    return { reference, digest };
  } catch (error) {
    if (app.signal.aborted || !(isAppError(error) || patience.aborted)) throw error;
    const known = await workspace.images.baseDigest(reference);
    if (known === undefined || fresh) return undefined;
    app.emit({
      type: 'note',
      level: 'warning',
      message: `\`${reference}\` cannot be looked at: taking what it meant on ${known.checkedAt.slice(0, 16).replace('T', ' at ')}`,
      hint: isAppError(error) && !patience.aborted ? error.message : 'Its registry does not answer.',
    });
    return { reference, digest: known.digest };
  }
}

import { dockerfileImages, replaceImages } from '../../definition/index.ts';
import { type Engine, isOfThisMachine, perform } from '../../engines/index.ts';
import { isAppError } from '../../errors/index.ts';
import { step } from '../../report/index.ts';
import { type NamedImage, normaliseImage, type Platform, parseImage, pinImage } from '../../schema/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { copies, resolveBase } from './base-image.ts';
import { openLoopbackRegistry } from './engine-image.ts';
import { insecureRegistries } from './remote-registry.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

export interface Lending {
  workspace: Workspace;
  engine: Engine;
  /** What is known of the images: the engine gets exactly those. */
  named: readonly NamedImage[];
  platform: Platform;
  /** Asks for the others anew, too: an engine takes what it has. */
  fresh: boolean;
}

/**
 * Brings an engine the images of a Dockerfile that it would not get by itself, and answers the Dockerfile with the names that they have there:
 * those of the workspace's own registry, which no engine knows; those of a registry without https that the user vouches for, which is told to us and
 * not to engines; and those of other registries of this machine. One by one, because what allows http to an engine's build allows it for every
 * registry of that build. What was looked at is named by its digest, so that a tag that moves meanwhile changes nothing.
 */
export async function lendImages(
  app: App,
  written: string,
  { workspace, engine, named, platform, fresh }: Lending,
): Promise<{ text: string; names: string[] }> {
  const { env, signal } = app;
  const text = pinImages(written, named);
  const references = [...new Set(dockerfileImages(text).map(({ reference }) => reference))];
  const kept = new Map<string, string>();
  for (const reference of references) {
    const place = await keepForLending(app, workspace, { reference, platform });
    if (place !== undefined) kept.set(reference, place);
  }
  const pull = async (reference: string, name = reference): Promise<void> =>
    await step(
      app.emit,
      `Bringing \`${reference}\` to ${engine.name}`,
      async () => await perform(engine.pull(name), { env, signal }),
    );
  for (const reference of references.filter((each) => !kept.has(each)))
    if ((fresh && !isPinned(reference)) || isOnlyTold(engine, reference))
      await pull(reference).catch((error) => warn(app, reference, error));
  if (kept.size === 0) return { text, names: [] };
  const server = await openLoopbackRegistry(app);
  try {
    const lent = new Map([...kept].map(([reference, place]) => [reference, `${server.host}/${place}`]));
    for (const [reference, name] of lent) await pull(reference, name);
    return { text: replaceImages(text, lent), names: [...new Set(lent.values())] };
  } finally {
    await server.close();
  }
}

function pinImages(text: string, named: readonly NamedImage[]): string {
  const digests = new Map(named.map(({ reference, digest }) => [reference, digest]));
  const pins = dockerfileImages(text).flatMap(({ reference }): [string, string][] => {
    const digest = digests.get(normaliseImage(reference));
    return digest === undefined || isPinned(reference) ? [] : [[reference, pinImage(reference, digest)]];
  });
  return replaceImages(text, new Map(pins));
}

const isPinned = (reference: string): boolean => parseImage(reference)?.digest !== undefined;

/** The engine may have an image of that name itself, that is in no registry; if it has not, the build says so. */
function warn(app: App, reference: string, error: unknown): void {
  if (!isAppError(error, 'ENGINE_FAILED')) throw error;
  app.emit({
    type: 'note',
    level: 'warning',
    message: `\`${reference}\` could not be pulled: taking what the engine has\n${error.message}`,
  });
}

/**
 * In a registry of this machine, to which Docker speaks http by itself. A name without a port is no registry to Podman and Buildah, but an image of their
 * own.
 */
function isOnlyTold({ name }: Engine, reference: string): boolean {
  return name !== 'docker' && isOfThisMachine(reference) && !reference.startsWith(`${workspaceHost}/`);
}

/** Where in the workspace's registry an image is that an engine cannot get elsewhere; undefined if it can. */
async function keepForLending(
  app: App,
  workspace: Workspace,
  { reference, platform }: { reference: string; platform: Platform },
): Promise<string | undefined> {
  const parsed = parseImage(reference);
  if (parsed === undefined) return undefined;
  if (parsed.registry === workspaceHost) {
    const own = (await openWorkspaceRegistry(app)).repository(parsed.repository);
    const found = await own.findManifest(parsed.digest ?? parsed.tag ?? 'latest');
    return found === undefined ? undefined : `${parsed.repository}@${found.digest}`;
  }
  if (!insecureRegistries(app.env).includes(parsed.registry) || isOfThisMachine(reference)) return undefined;
  const base = await (await resolveBase(app, workspace, reference)).open(platform);
  await base.bring();
  return `${copies}@${base.image.manifest.descriptor.digest}`;
}

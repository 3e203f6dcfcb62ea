import { join } from 'node:path';
import { dockerInstructions, layoutPath } from '../../definition/index.ts';
import { chooseEngine, type Engine, perform } from '../../engines/index.ts';
import { AppError } from '../../errors/index.ts';
import { ociPlatform, openArchive, openImage, platformName, reuseLayers, writeImage } from '../../image/index.ts';
import { currentPlatform, readText, removeTree, writeAtomically } from '../../io/index.ts';
import { type Repository, repositorySink, repositorySource } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import { canonicalJson, type NamedImage, type Platform, pinImage, sha256 } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { layOutFiles } from '../environments/stored-files.ts';
import { temporaryFolder } from '../packages/pypi-channel.ts';
import type { BaseImage, OpenBase } from './base-image.ts';
import { lendImages } from './lend-images.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

export interface EngineBuild {
  version: EnvironmentVersion;
  /** Undefined for a build context, whose Dockerfile names its own. */
  base: BaseImage | undefined;
  /** What the images that the lines name mean; those that are not among them are the engine's to know. */
  named: readonly NamedImage[];
  platform: Platform;
  /** The engine that the user wants. */
  engine: string | undefined;
  /** Makes it again, from images that are looked at anew; what is kept is replaced. */
  fresh: boolean;
}

/**
 * What an engine makes of a base and steps that execute something, or of a build context. It is kept in the workspace's registry under what it is
 * made of: an engine does not make the same twice, and so it makes it once.
 * @throws AppError ENGINE_NOT_FOUND naming what needs one, ENGINE_FAILED with the engine's last lines.
 */
export async function buildWithEngine(
  app: App,
  workspace: Workspace,
  request: EngineBuild,
): Promise<{ base: OpenBase; stepLayers: number; steps: [] }> {
  const { version, base, named, platform } = request;
  const { definition } = version;
  const key = sha256(
    canonicalJson({
      platform,
      base: base?.digest ?? null,
      steps: dockerInstructions(definition.dockerSteps ?? '').map(({ keyword, value }) => [keyword, value]),
      context:
        definition.build === undefined ? null : [definition.build.context.digest, definition.build.dockerfilePath],
      // What was kept before other images were looked at stays what it was.
      images: named.length === 0 ? undefined : named.map(({ reference, digest }) => [reference, digest]),
    }),
  );
  const repository = (await openWorkspaceRegistry(app)).repository(`terroir/steps_${key.slice(0, 32)}`);
  if (request.fresh || (await repository.findManifest('latest')) === undefined)
    await makeWithEngine(app, workspace, repository, request);
  const image = await openImage(repositorySource(repository, workspaceHost), {
    platform: ociPlatform(platform),
    signal: app.signal,
  });
  const baseLayers = base === undefined ? 0 : (await base.open(platform)).image.layers.length;
  const made: OpenBase = {
    reference: repository.name,
    image,
    isHere: true,
    repository,
    bring: async () => await Promise.resolve(),
  };
  return { base: made, stepLayers: Math.max(0, image.layers.length - baseLayers), steps: [] };
}

async function makeWithEngine(
  app: App,
  workspace: Workspace,
  repository: Repository,
  { version, base, named, platform, engine: wanted, fresh }: EngineBuild,
): Promise<void> {
  const engine = await chooseEngine(app, { what: whatNeedsIt(version), named: wanted });
  refuseForeign(platform, version);
  const folder = await temporaryFolder(app, 'engine-');
  const tag = `terroir-build:${sha256(folder).slice(0, 16)}`;
  const ours = [tag];
  const { env, signal } = app;
  try {
    const { context, dockerfile: written } = await layOutContext(workspace, version, { base, folder });
    const lent = await lendImages(app, written.text, { workspace, engine, named, platform, fresh });
    ours.push(...lent.names);
    // Beside the context: a step that copies the folder copies what the user wrote.
    const dockerfile = lent.text === written.text ? written.path : join(folder, 'Dockerfile');
    if (lent.text !== written.text) await writeAtomically(dockerfile, lent.text);
    await step(app.emit, `Building with ${engine.name} ${engine.version}`, async () => {
      const onLine = (text: string): void => app.emit({ type: 'output', source: engine.name, text });
      const network = env.TERROIR_BUILD_NETWORK || undefined;
      await perform(engine.build({ context, dockerfile, tag, network, fresh }), {
        env,
        signal,
        onLine,
      });
    });
    const archive = join(folder, 'image.tar');
    await step(app.emit, 'Taking over what it made', async () => {
      await perform(engine.save(tag, archive), { env, signal });
      const image = await openImage(await openArchive(archive), { platform: ociPlatform(platform), signal });
      const shared = base === undefined ? image : reuseLayers(image, (await base.open(platform)).image);
      await writeImage(shared, repositorySink(repository, workspaceHost), { tags: ['latest'], signal });
    });
  } finally {
    for (const name of ours) await forget(engine, name, env);
    await removeTree(folder);
  }
}

/** What was built, and what was lent for it, stays in the engine's cache of steps, but not under our name. */
async function forget(engine: Engine, tag: string, env: App['env']): Promise<void> {
  await perform(engine.remove(tag), { env, timeout: 60_000 }).catch(() => undefined);
}

/** The step that cannot be composed, for the message of a machine without an engine. */
function whatNeedsIt({ name, version, definition }: EnvironmentVersion): string {
  if (definition.build !== undefined) return `the build context of ${name}:${version}`;
  const metadata = new Set(['ENV', 'LABEL', 'WORKDIR', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']);
  const executing = dockerInstructions(definition.dockerSteps ?? '').find(({ keyword }) => !metadata.has(keyword));
  const [line = ''] = `${executing?.keyword} ${executing?.value}`.split('\n');
  return `the step \`${line.length > 60 ? `${line.slice(0, 57)}…` : line}\` of ${name}:${version}`;
}

/** Steps that execute something for another kind of processor would need emulation. */
function refuseForeign(platform: Platform, { name, version }: EnvironmentVersion): void {
  const own = currentPlatform();
  if (own === undefined || ociPlatform(own).architecture === ociPlatform(platform).architecture) return;
  throw new AppError(
    'UNSUPPORTED_FEATURE',
    `${name}:${version} has steps that execute something, and this machine cannot execute them for ${platformName(ociPlatform(platform))}`,
    { hint: 'Build it on a machine of that kind; what needs no engine is composed for any platform.' },
  );
}

async function layOutContext(
  workspace: Workspace,
  { definition, files }: EnvironmentVersion,
  { base, folder }: { base: BaseImage | undefined; folder: string },
): Promise<{ context: string; dockerfile: { path: string; text: string } }> {
  if (definition.build !== undefined) {
    const place = await layOutFiles(workspace, files, join(folder, 'files'));
    const context = place(definition.build.context.path);
    const path = join(context, layoutPath(definition.build.dockerfilePath));
    return { context, dockerfile: { path, text: await readText(path) } };
  }
  const context = join(folder, 'context');
  const path = join(context, 'Dockerfile');
  const from = base === undefined ? 'scratch' : pinImage(base.reference, base.digest);
  const text = `FROM ${from}\n${definition.dockerSteps ?? ''}\n`;
  await writeAtomically(path, text);
  return { context, dockerfile: { path, text } };
}

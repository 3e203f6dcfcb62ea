import { join, resolve } from 'node:path';
import { imageRepository } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { openAll } from '../../image/index.ts';
import { isFolder } from '../../io/index.ts';
import { repositorySource } from '../../registry/index.ts';
import type { ImageRevision, Lock } from '../../schema/index.ts';
import { type EnvironmentVersion, openWorkspace, type RegisterResult, type Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { sendRevision } from '../images/build-images.ts';
import { keepImage } from '../images/keep-image.ts';
import { adoptMeanings } from '../images/named-images.ts';
import { isRegistryPrefix, repositoryBelow } from '../images/registry-prefix.ts';
import { openRegistryIn, openWorkspaceRegistry, workspaceHost } from '../images/workspace-registry.ts';
import { bindSharedLocks, withRevisionsOf } from './bind-shared-locks.ts';
import { findVersion } from './find-version.ts';
import { lastLocks, locksToShare } from './locks-to-share.ts';

export interface SharedEnvironment {
  name: string;
  version: string;
  fingerprint: string;
  /** The folder of the workspace, or the repository. */
  target: string;
  outcome: RegisterResult['outcome'];
  /** Lock revisions that went along, by platform. */
  locks: { platform: string; digest: string }[];
  /** Of the image, if there is one. */
  digest: string | null;
}

/**
 * Brings a version with its locks and its newest image into another workspace, or to a registry that others look images up in. What is there
 * already is not moved again.
 * @throws AppError VERSION_EXISTS if the name and version mean another definition there; IMAGE_NOT_FOUND for a registry and no image.
 */
export async function shareEnvironment(app: App, reference: string, target: string): Promise<SharedEnvironment> {
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, reference);
  const image = await workspace.images.latest(version.fingerprint);
  const locks = await locksToShare(workspace, version, image);
  if (app.remote === true) refuseNoRegistry(target);
  const folder = app.remote === true ? undefined : await findSharingFolder(app, target);
  if (folder !== undefined) return await toWorkspace(app, workspace, { version, locks, image, folder });
  return await toRegistry(app, { version, locks, image, registry: target });
}

/**
 * The folder of a workspace that somebody on this machine names, by itself or by the project around it; undefined for what names a registry.
 * @throws AppError WORKSPACE_NOT_FOUND.
 */
export async function findSharingFolder(app: Pick<App, 'cwd'>, target: string): Promise<string | undefined> {
  const path = resolve(app.cwd, target);
  const inside = join(path, '.terroir');
  if (await isFolder(inside)) return inside;
  if (await isFolder(path)) return path;
  if (isRegistryPrefix(target) && !target.startsWith('.') && !target.startsWith('/')) return undefined;
  throw new AppError('WORKSPACE_NOT_FOUND', `there is no workspace in \`${path}\``, {
    hint: 'Name the folder of a workspace, or a registry: `registry.example/team`.',
  });
}

/** A server does not look around on its machine, and knows nobody on another server. */
function refuseNoRegistry(target: string): void {
  if (isRegistryPrefix(target) && !/^[./]|^https?:/i.test(target)) return;
  throw new AppError('USAGE', `\`${target}\` is no registry, and a server shares with registries alone`, {
    hint: 'Name one: `registry.example/team`. `terroir env share` brings a version from one server to another.',
  });
}

interface Shared {
  version: EnvironmentVersion;
  locks: readonly Lock[];
  image: ImageRevision | undefined;
}

async function toWorkspace(
  app: App,
  workspace: Workspace,
  { version, locks, image, folder }: Shared & { folder: string },
): Promise<SharedEnvironment> {
  if (resolve(folder) === resolve(workspace.folder))
    throw new AppError('USAGE', 'an environment is not shared with its own workspace', {
      hint: 'To copy it under another name: `terroir env clone`.',
    });
  const { user, origin } = app;
  const there = await openWorkspace(folder, { create: false, user, origin });
  try {
    await bringFiles(workspace, there, version);
    const { version: registered, outcome } = await there.environments.register({
      name: version.name,
      version: version.version,
      description: version.description ?? undefined,
      tags: version.tags,
      anonymous: version.anonymous,
      category: version.category,
      fingerprint: version.fingerprint,
      definition: version.definition,
      definitionDigest: version.definitionDigest,
      files: version.files,
    });
    // What no index has goes along.
    for (const { packages } of locks)
      for (const { sha256, url } of packages) if (url === undefined) await bringBlob(workspace, there, sha256);
    await bindSharedLocks(there, registered, locks);
    const kept = image === undefined ? undefined : await bringImage(app, there, { image, version: registered });
    return { ...viewOf({ version, locks, image: kept }), target: folder, outcome };
  } finally {
    await there.close();
  }
}

/** The texts and files of a version; a tree's manifest names more of them. */
async function bringFiles(from: Workspace, to: Workspace, { files }: EnvironmentVersion): Promise<void> {
  for (const { digest, kind } of files) {
    if (kind === 'tree') {
      const entries = JSON.parse((await from.blobs.read(digest)).toString('utf8')) as { digest?: string }[];
      for (const entry of entries) if (entry.digest !== undefined) await bringBlob(from, to, entry.digest);
    }
    await bringBlob(from, to, digest);
  }
}

/** Small contents are no files: what is smaller has no second name either. */
const inMemory = 64 << 10;

async function bringBlob(from: Workspace, to: Workspace, digest: string): Promise<void> {
  if ((await to.blobs.size(digest)) !== undefined) return;
  const size = await from.blobs.size(digest);
  if (size === undefined) return;
  const file = size > inMemory ? await from.blobs.find(digest) : undefined;
  if (file === undefined) await to.blobs.put(await from.blobs.read(digest));
  else await to.blobs.putFile(file, { link: true });
}

async function bringImage(
  app: App,
  there: Workspace,
  { image, version }: { image: ImageRevision; version: EnvironmentVersion },
): Promise<ImageRevision> {
  const name = imageRepository(image.fingerprint);
  const here = (await openWorkspaceRegistry(app)).repository(name);
  const { fingerprint, platforms, origin } = image;
  await adoptMeanings(there, platforms);
  return await keepImage(app, there, {
    image: await openAll(repositorySource(here, workspaceHost), { reference: image.digest, signal: app.signal }),
    repository: openRegistryIn(there.folder, app).repository(name),
    record: { fingerprint, platforms: await withRevisionsOf(there, version, platforms), origin },
    title: 'Copying the image',
  });
}

async function toRegistry(
  app: App,
  { version, locks, image, registry }: Shared & { registry: string },
): Promise<SharedEnvironment> {
  if (image === undefined)
    throw new AppError(
      'IMAGE_NOT_FOUND',
      `${version.name}:${version.version} has no image that could go to a registry`,
      {
        hint: `Build it: \`terroir env build ${version.name}:${version.version}\`.`,
      },
    );
  await sendRevision(app, { place: `registry:${repositoryBelow(registry, '')}`, version, revision: image });
  const target = repositoryBelow(registry, imageRepository(version.fingerprint));
  return { ...viewOf({ version, locks, image }), target, outcome: 'created' };
}

function viewOf({ version, locks, image }: Shared): Omit<SharedEnvironment, 'target' | 'outcome'> {
  return {
    name: version.name,
    version: version.version,
    fingerprint: version.fingerprint,
    locks: lastLocks(locks).map(({ platform, digest }) => ({ platform, digest })),
    digest: image?.digest ?? null,
  };
}

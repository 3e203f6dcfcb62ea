import { nearest } from '../../documents/index.ts';
import { AppError } from '../../errors/index.ts';
import { findInterpreter, removeTree } from '../../io/index.ts';
import { normaliseName } from '../../requirements/index.ts';
import { addressesOf, choosePython, importLock, resolveLock } from '../../resolve/index.ts';
import type { Definition, ListedLock, Lock, LockedPython, Platform } from '../../schema/index.ts';
import type { EnvironmentVersion, LockRevision, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { curatedLock } from '../environments/catalog.ts';
import { refuseWhatHasNoPackages } from '../environments/runnable.ts';
import { layOutFiles } from '../environments/stored-files.ts';
import { openCondaChannel, openSolver } from '../packages/conda-channel.ts';
import { openPypiChannel, openResolver, temporaryFolder } from '../packages/pypi-channel.ts';
import { readPlatform } from '../platform.ts';
import { listedLock } from './listed-lock.ts';
import { locateFailure } from './locate-failure.ts';

export interface EnsuredLock extends LockRevision {
  outcome: 'cached' | 'resolved';
}

/** The lock of a version: the one it is bound to, else the fingerprint's latest, else it is resolved now. The first lock wins, whoever asks. */
export async function ensureLock(
  app: App,
  version: EnvironmentVersion,
  platform: Platform = readPlatform(undefined),
): Promise<EnsuredLock> {
  const workspace = await app.openWorkspace();
  const bound = await workspace.locks.bind(version.id, version.fingerprint, platform);
  if (bound !== undefined) return { ...bound, outcome: 'cached' };
  return await makeFirstLock(app, version, platform, {
    seed: await seedOf(app, workspace, version, platform),
    listed: await listedLock(workspace, version),
  });
}

/** The lock of a version whose packages are known already; if its fingerprint has a lock, that. */
export async function takeLock(
  app: App,
  version: EnvironmentVersion,
  { platform, listed }: { platform: Platform; listed: ListedLock },
): Promise<EnsuredLock> {
  const workspace = await app.openWorkspace();
  const bound = await workspace.locks.bind(version.id, version.fingerprint, platform);
  return bound === undefined
    ? await makeFirstLock(app, version, platform, { listed })
    : { ...bound, outcome: 'cached' };
}

async function makeFirstLock(
  app: App,
  version: EnvironmentVersion,
  platform: Platform,
  options: ResolveOptions,
): Promise<EnsuredLock> {
  const workspace = await app.openWorkspace();
  const lock = await resolve(app, workspace, version, platform, options);
  await keepBuiltWheels(app, workspace, lock);
  await workspace.locks.addFirst(lock);
  const first = await workspace.locks.bind(version.id, version.fingerprint, platform);
  if (first === undefined) throw new Error('a lock that was just kept is gone');
  return { ...first, outcome: 'resolved' };
}

export interface RelockRequest {
  /** Only these may move; without any, everything may. `none` keeps what can be kept where the Python moved. */
  upgrade: readonly string[] | 'none';
  dryRun: boolean;
}

export interface RelockResult {
  lock: Lock;
  /** Null for a dry run. */
  revision: number | null;
  before: LockRevision | undefined;
  /** Versions with the same fingerprint that keep their revision. */
  stay: string[];
}

/** Resolves anew. A dry run keeps nothing. */
export async function relock(
  app: App,
  version: EnvironmentVersion,
  platform: Platform,
  request: RelockRequest,
): Promise<RelockResult> {
  const workspace = await app.openWorkspace();
  const before =
    (await workspace.locks.bound(version.id, platform)) ??
    (await workspace.locks.latest(version.fingerprint, platform));
  const upgrade = upgradeOf(request);
  if (before !== undefined && upgrade !== 'all') checkNames(upgrade, before.lock, version);
  const lock = await resolve(app, workspace, version, platform, {
    seed: upgrade === 'all' ? undefined : before?.lock,
    upgrade,
    // Who lets one package move does not ask for another Python.
    python: upgrade === 'all' || request.upgrade === 'none' ? undefined : before?.lock.python,
    before: before?.lock,
  });
  if (request.dryRun) return { lock, revision: null, before, stay: [] };
  await keepBuiltWheels(app, workspace, lock);
  const { revision, stay } = await workspace.locks.relock(lock, version.id);
  const names: string[] = [];
  for (const id of stay) {
    const other = await workspace.environments.byId(id);
    if (other !== undefined) names.push(`${other.name}:${other.version}`);
  }
  return { lock: revision.lock, revision: revision.revision, before, stay: names };
}

/** @throws AppError USAGE for a package that the lock does not have: nothing would move, and nobody would know why. */
function checkNames(names: readonly string[], { packages }: Lock, { name, version }: EnvironmentVersion): void {
  const locked = new Set(packages.map((each) => normaliseName(each.name)));
  const odd = names.find((each) => !locked.has(normaliseName(each)));
  if (odd === undefined) return;
  const near = nearest(odd, locked);
  throw new AppError('USAGE', `\`${odd}\` is not in the lock of ${name}:${version}`, {
    hint: `${near === undefined ? '' : `Did you mean \`${near}\`? `}\`terroir env lock ${name}:${version}\` lists what is.`,
  });
}

function upgradeOf({ upgrade }: RelockRequest): 'all' | readonly string[] {
  if (upgrade === 'none') return [];
  return upgrade.length === 0 ? 'all' : upgrade;
}

/** The minor versions of Python in the base image. What reads images is loaded only where there is one. */
async function pythonsOfBase(
  app: App,
  { image }: Definition,
  { platform, before }: { platform: Platform; before: Lock | undefined },
): Promise<string[] | undefined> {
  if (image === undefined) return undefined;
  const { readBasePythons } = await import('../images/base-pythons.ts');
  const known = before?.python?.source === 'base' ? before.python.version : undefined;
  return await readBasePythons(app, image, platform, known);
}

interface ResolveOptions {
  seed?: Lock;
  upgrade?: 'all' | readonly string[];
  python?: LockedPython;
  /** The lock that this one follows. */
  before?: Lock;
  /** Another tool's lock, which is taken as it is. */
  listed?: ListedLock;
}

async function resolve(
  app: App,
  workspace: Workspace,
  version: EnvironmentVersion,
  platform: Platform,
  { listed, before, ...options }: ResolveOptions,
): Promise<Lock> {
  refuseWhatHasNoPackages(version);
  const { definition, fingerprint } = version;
  const python =
    definition.layer?.kind === 'conda'
      ? undefined
      : (options.python ??
        (await choosePython(definition, {
          base: async () => await pythonsOfBase(app, definition, { platform, before }),
          machine: async ({ fits, subject, minor }) =>
            await findInterpreter(app.interpreters, { fits: (found) => fits(found.version), subject, minor }),
        })));
  const pypi = await openPypiChannel(app, addressesOf(definition));
  const conda = await openCondaChannel(app);
  const folder = await temporaryFolder(app, 'files-');
  try {
    const place = await layOutFiles(workspace, version.files, folder);
    const request = { definition, fingerprint, platform, place, ...options, python };
    const channels = { pypi: async () => await openResolver(app, pypi), conda: () => openSolver(app, conda) };
    return listed === undefined ? await resolveLock(request, channels) : await importLock(request, listed, channels);
  } catch (error) {
    throw await locateFailure(error, workspace, version);
  } finally {
    await pypi.http.close();
    await conda.http.close();
    await removeTree(folder);
  }
}

/** The lock that the catalogue carries, or that of the version that this one was made from: little should move. */
async function seedOf(
  app: App,
  workspace: Workspace,
  version: EnvironmentVersion,
  platform: Platform,
): Promise<Lock | undefined> {
  if (version.category === 'curated') return await curatedLock(app.catalogFolder, version, platform);
  if (version.derivedFrom === null) return undefined;
  const source = await workspace.environments.byId(version.derivedFrom);
  if (source === undefined) return undefined;
  const revision =
    (await workspace.locks.bound(source.id, platform)) ?? (await workspace.locks.latest(source.fingerprint, platform));
  return revision?.lock;
}

/** What no index has is kept by the workspace. */
async function keepBuiltWheels(app: App, workspace: Workspace, lock: Lock): Promise<void> {
  for (const { sha256, url } of lock.packages) {
    if (
      url !== undefined ||
      (await workspace.blobs.size(sha256)) !== undefined ||
      !(await app.store.hasArchive(sha256))
    )
      continue;
    await workspace.blobs.putFile(app.store.archivePath(sha256), { link: true, digest: sha256 });
  }
}

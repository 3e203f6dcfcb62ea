import { join, resolve } from 'node:path';
import {
  type CloneChanges,
  checkTags,
  type DefinitionChange,
  diffDefinitions,
  editSources,
  imageRepository,
  parseReference,
  readDefinition,
  writeV1Folder,
} from '../../definition/index.ts';
import type { SourceDocument } from '../../documents/index.ts';
import { AppError, redact } from '../../errors/index.ts';
import { pathExists, writeAtomically } from '../../io/index.ts';
import { diffLocks, type LockDiff } from '../../resolve/index.ts';
import { platforms } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { diffImages, type ImageDiff } from '../images/diff-images.ts';
import { readPlatform } from '../platform.ts';
import { findOrRegister } from './find-or-register.ts';
import { findVersion } from './find-version.ts';
import { register } from './register.ts';
import { accessStored, readStored, storedSources } from './stored-files.ts';
import { type RegisteredVersion, type VersionView, viewOf } from './views.ts';

export interface ShownVersion {
  version: VersionView;
  sources: SourceDocument[];
  imageRepository: string;
  locks: { platform: string; revision: number; digest: string; packages: number }[];
}

/** The version alone. */
export async function findView(app: App, reference: string): Promise<VersionView> {
  return viewOf(await findVersion(await app.openWorkspace(), reference));
}

export async function showVersion(app: App, reference: string): Promise<ShownVersion> {
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, reference);
  const locks: ShownVersion['locks'] = [];
  for (const platform of platforms) {
    const bound = await workspace.locks.bound(version.id, platform);
    if (bound !== undefined)
      locks.push({
        platform,
        revision: bound.revision,
        digest: bound.lock.digest,
        packages: bound.lock.packages.length,
      });
  }
  return {
    version: viewOf(version),
    sources: (await storedSources(workspace, version)).map(({ path, text }) => ({ path, text: redact(text) })),
    imageRepository: imageRepository(version.fingerprint),
    locks,
  };
}

/** Sees what is there when a change is made; what it throws prevents the change. */
export type ViewCheck = (current: VersionView) => void;

/** Changes description and tags; nothing else of a version can change. */
export async function updateVersion(
  app: App,
  reference: string,
  change: {
    description?: string | null;
    /** Added to those that are there; with `replaceTags` instead of them. */
    tags?: Record<string, string>;
    removeTags?: readonly string[];
    replaceTags?: boolean;
  },
  check?: ViewCheck,
): Promise<VersionView> {
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, reference);
  const tags = change.replaceTags === true ? { ...change.tags } : { ...version.tags, ...change.tags };
  for (const key of change.removeTags ?? []) delete tags[key];
  checkTags(tags);
  const header = { description: change.description, tags };
  return viewOf(await workspace.environments.updateHeader(version.id, header, (current) => check?.(viewOf(current))));
}

export interface ArchiveResult {
  name: string;
  version: string | null;
  archived: boolean;
  view: VersionView | null;
}

export async function archiveEnvironment(app: App, reference: string, check?: ViewCheck): Promise<ArchiveResult> {
  return await setArchived(app, reference, { archived: true, check });
}

export async function restoreEnvironment(app: App, reference: string, check?: ViewCheck): Promise<ArchiveResult> {
  return await setArchived(app, reference, { archived: false, check });
}

/** A name alone is the environment as a whole; with a version or a label it is that version. */
async function setArchived(
  app: App,
  text: string,
  { archived, check }: { archived: boolean; check: ViewCheck | undefined },
): Promise<ArchiveResult> {
  const workspace = await app.openWorkspace();
  const { version, label } = parseReference(text);
  const found = await findVersion(workspace, text);
  const single = version === undefined && label === undefined ? undefined : found.version;
  await workspace.environments.setArchived(found.name, single, archived, (current) => check?.(viewOf(current)));
  const after = await workspace.environments.byId(found.id);
  return {
    name: found.name,
    version: single ?? null,
    archived,
    view: single === undefined || after === undefined ? null : viewOf(after),
  };
}

export async function deleteVersion(
  app: App,
  reference: string,
  { purge = false, check }: { purge?: boolean; check?: ViewCheck } = {},
): Promise<VersionView> {
  const { version: named, label } = parseReference(reference);
  if (named === undefined && label === undefined) {
    throw new AppError('USAGE', 'a version is deleted, not an environment', { hint: 'Write `name:version`.' });
  }
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, reference);
  const checkRow = (current: EnvironmentVersion): void => check?.(viewOf(current));
  if (purge) return viewOf(await workspace.environments.purge(version.id, checkRow));
  await workspace.environments.delete(version.id, checkRow);
  return viewOf(version);
}

export interface CloneRequest {
  name: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  changes: CloneChanges;
}

/** A new environment from an existing one, with changes. */
export async function cloneEnvironment(app: App, reference: string, request: CloneRequest): Promise<RegisteredVersion> {
  const workspace = await app.openWorkspace();
  const source = await findVersion(workspace, reference);
  const read = await readStored(workspace, source);
  if (read === undefined)
    throw new AppError('ENVIRONMENT_NOT_FOUND', `the content of ${source.name}:${source.version} was purged`);
  const sources = editSources(read, request.changes);
  const [main] = sources;
  if (main === undefined) throw new Error('a version without a main file');
  const stored = accessStored(workspace, source.files);
  const changed = new Map(sources.map(({ path, text }) => [path, text]));
  const files = {
    ...stored,
    readBytes: async (path: string) =>
      changed.has(path) ? Buffer.from(changed.get(path) ?? '') : await stored.readBytes(path),
    kind: async (path: string) => (changed.has(path) ? ('file' as const) : await stored.kind(path)),
  };
  const edited = await readDefinition(main, files);
  const own = {
    ...edited,
    header: { tags: {}, description: edited.header.description ?? source.description ?? undefined },
  };
  const result = await register(
    app,
    { read: own, files },
    {
      name: request.name,
      version: request.version,
      description: request.description,
      tags: request.tags,
      derivedFrom: source.id,
    },
  );
  return { version: viewOf(result.version), outcome: result.outcome };
}

export interface EnvironmentDiff {
  definition: DefinitionChange[];
  packages: LockDiff;
  /** Why packages could not be compared. */
  notes: string[];
  /** Of the newest images; null where one of them has none. */
  image: ImageDiff | null;
}

/** What differs between two versions: definitions, the packages of their locks where both are locked, the layers of their images where both have one. */
export async function diffEnvironments(
  app: App,
  a: string,
  b: string,
  platformName?: string,
): Promise<EnvironmentDiff> {
  const workspace = await app.openWorkspace();
  const [from, to] = [await findOrRegister(app, a), await findOrRegister(app, b)];
  const platform = readPlatform(platformName);
  const lockOf = async (version: EnvironmentVersion) =>
    (await workspace.locks.bound(version.id, platform)) ??
    (await workspace.locks.latest(version.fingerprint, platform));
  const [fromLock, toLock] = [await lockOf(from), await lockOf(to)];
  const unlocked = [fromLock === undefined ? from : undefined, toLock === undefined ? to : undefined].filter(
    (version) => version !== undefined,
  );
  const notes = unlocked.map(
    ({ name, version }) =>
      `${name}:${version} is not locked for ${platform} yet: \`terroir env lock ${name}:${version}\``,
  );
  const packages =
    unlocked.length > 0 ? { added: [], removed: [], changed: [] } : diffLocks(fromLock?.lock, toLock?.lock);
  return {
    definition: diffDefinitions(viewOf(from).definition, viewOf(to).definition),
    packages,
    notes,
    image: (await diffImages(workspace, { from, to, platform })) ?? null,
  };
}

/** Writes a version as SDK v1's folder. */
export async function saveFolder(
  app: App,
  reference: string,
  folder: string,
  options: { overwrite?: boolean },
): Promise<{ files: string[]; lost: string[] }> {
  return await writeFolder(app, await findVersion(await app.openWorkspace(), reference), { folder, ...options });
}

/** The same of a version that is at hand. */
export async function writeFolder(
  { cwd }: Pick<App, 'cwd'>,
  {
    definition,
    name,
    version,
    description,
    tags,
  }: Pick<VersionView, 'definition' | 'name' | 'version' | 'description' | 'tags'>,
  { folder, overwrite = false }: { folder: string; overwrite?: boolean },
): Promise<{ files: string[]; lost: string[] }> {
  const { files, lost } = writeV1Folder(definition, { name, version, description: description ?? undefined, tags });
  const target = resolve(cwd, folder);
  for (const file of Object.keys(files)) {
    if (!overwrite && (await pathExists(join(target, file)))) {
      throw new AppError('ALREADY_EXISTS', `\`${join(target, file)}\` exists already`, {
        hint: 'Give --overwrite to replace it.',
      });
    }
  }
  for (const [file, text] of Object.entries(files)) await writeAtomically(join(target, file), text);
  return { files: Object.keys(files).map((file) => join(target, file)), lost };
}

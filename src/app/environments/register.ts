import {
  anonymousName,
  anonymousVersion,
  category,
  checkName,
  checkTags,
  checkVersion,
  definitionDigest,
  type FileAccess,
  fingerprint,
  type ReadResult,
  type ReadWarning,
} from '../../definition/index.ts';
import { formatPosition } from '../../documents/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Emit } from '../../report/index.ts';
import type { Definition } from '../../schema/index.ts';
import { type EnvironmentVersion, type RegisterResult, remembered } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { refuseLocalAddresses } from './local-addresses.ts';
import { type DefinitionSource, type ReadSource, readSource } from './read-source.ts';
import { refuseSecrets } from './refuse-secrets.ts';
import { explainNothingToLock } from './runnable.ts';
import { storeFiles } from './stored-files.ts';
import { type RegisteredVersion, viewOf } from './views.ts';

export interface CreateRequest {
  source: DefinitionSource;
  /** What the file says about itself, if not given. */
  name?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  /** Without any name, make it an anonymous version. */
  anonymous?: boolean;
  /** Lock at once. */
  lock?: boolean;
}

/** What registering needs to know of a definition: where its parts were written, which takes most memory, is not among it. */
interface Registrable {
  read: Omit<ReadResult, 'locate' | 'span'>;
  files: FileAccess;
  /** To be told to whoever registers it; of what is made from a version, they were told before. */
  warnings?: readonly ReadWarning[];
}

/** Definitions that were sent as one text: who submits jobs sends the same few again and again. */
const definitions = remembered<Registrable['read']>(4 << 20);

/** Registers a version; nothing is resolved unless it is asked for. */
export async function createVersion(app: App, request: CreateRequest): Promise<RegisteredVersion> {
  const source = await readOnce(app, request.source);
  const isAnonymous = request.anonymous === true && (request.name ?? source.read.header.name) === undefined;
  const { version, outcome } = await (isAnonymous ? registerUnnamed(app, source) : register(app, source, request));
  const nothing = request.lock === true ? explainNothingToLock(version) : undefined;
  if (nothing !== undefined) app.emit({ type: 'note', level: 'warning', ...nothing });
  else if (request.lock === true) {
    const { ensureLock } = await import('../locks/ensure-lock.ts');
    await ensureLock(app, version);
  }
  return { version: viewOf(version), outcome };
}

async function readOnce(app: App, source: DefinitionSource): Promise<Registrable> {
  if (source.kind !== 'uploaded' || Object.keys(source.files).length > 0) return await readSource(app, source);
  const key = `${source.path}\n${source.text}`;
  const known = definitions.find(key);
  if (known !== undefined) return { read: known, files: noFiles, warnings: known.warnings };
  const { read, files, warnings } = await readSource(app, source);
  const { locate: _locate, span: _span, ...kept } = read;
  definitions.keep(key, kept);
  return { read: kept, files, warnings };
}

const noFiles: FileAccess = {
  readBytes: () => Promise.resolve(undefined),
  kind: () => Promise.resolve(undefined),
  listTree: () => Promise.resolve([]),
};

/** Of a definition object that is remembered, worked out once. */
const digests = new WeakMap<Definition, { fingerprint: string; definitionDigest: string }>();

function digestsOf(definition: Definition): { fingerprint: string; definitionDigest: string } {
  const known = digests.get(definition);
  if (known !== undefined) return known;
  const made = { fingerprint: fingerprint(definition), definitionDigest: definitionDigest(definition) };
  digests.set(definition, made);
  return made;
}

interface Header {
  name?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  derivedFrom?: number;
}

/** Registers what was read, under the name that the user gives or the file has. */
export async function register(app: App, source: Registrable, header: Header): Promise<RegisterResult> {
  const { read, files, warnings } = source;
  if (app.remote === true) refuseLocalAddresses(read.definition);
  const name = header.name ?? read.header.name;
  if (name === undefined) {
    throw new AppError('INVALID_NAME', 'Environment name is required', {
      hint: `Give it with --name${read.format === 'conda' ? ' (the `name:` of a conda file is not taken for it)' : ', or write `name:` into an environment file'}.`,
    });
  }
  checkName(name);
  const version =
    header.version ?? (header.name === undefined || header.name === read.header.name ? read.header.version : undefined);
  if (version !== undefined) checkVersion(version);
  const tags = { ...read.header.tags, ...header.tags };
  checkTags(tags);
  noteWarnings(app.emit, warnings);
  const workspace = await app.openWorkspace();
  const { definition } = read;
  const request = {
    name,
    version,
    description: header.description ?? read.header.description,
    tags: header.tags === undefined && Object.keys(read.header.tags).length === 0 ? undefined : tags,
    category: category(definition),
    ...digestsOf(definition),
    definition,
    derivedFrom: header.derivedFrom,
  };
  // Most registrations repeat one; to see that, nothing has to be kept or locked.
  const same = await workspace.environments.findSame(request);
  if (same !== undefined) return { version: same, outcome: 'unchanged' };
  if (app.remote === true) refuseSecrets(read);
  return await workspace.environments.register({ ...request, files: await storeFiles(workspace, read, files) });
}

/** What reading a definition found odd, for whoever registers or uses it. */
export function noteWarnings(emit: Emit, warnings: readonly ReadWarning[] = []): void {
  for (const { position, message, hint } of warnings)
    emit({ type: 'note', level: 'warning', message: `${formatPosition(position)}: ${message}`, hint });
}

/** Registers what a submission brought without a name. The same definition is the same version for ever. */
export async function registerAnonymous(app: App, source: Registrable): Promise<EnvironmentVersion> {
  return (await registerUnnamed(app, source)).version;
}

async function registerUnnamed(app: App, { read, files, warnings }: Registrable): Promise<RegisterResult> {
  noteWarnings(app.emit, warnings);
  const workspace = await app.openWorkspace();
  const { definition } = read;
  if (app.remote === true) refuseLocalAddresses(definition);
  const version = anonymousVersion(definition);
  const known = await workspace.environments.get(anonymousName, version);
  if (known !== undefined && known.purgedAt === null) return { version: known, outcome: 'unchanged' };
  if (app.remote === true) refuseSecrets(read);
  return await workspace.environments.register({
    name: anonymousName,
    version,
    anonymous: true,
    description: read.header.description,
    tags: read.header.tags,
    category: category(definition),
    fingerprint: fingerprint(definition),
    definition,
    definitionDigest: definitionDigest(definition),
    files: await storeFiles(workspace, read, files),
  });
}

export async function registerSource(app: App, source: ReadSource): Promise<EnvironmentVersion> {
  if (source.read.header.name === undefined) return await registerAnonymous(app, source);
  const { version, outcome } = await register(app, source, {});
  if (outcome === 'created')
    app.emit({ type: 'note', level: 'info', message: `registered ${version.name}:${version.version}` });
  return version;
}

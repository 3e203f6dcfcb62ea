import type { Category, Definition } from '../schema/index.ts';
import { setArchived } from './archive-environment.ts';
import { deleteVersion, purgeVersion } from './delete-version.ts';
import { type HeaderChange, writeHeader } from './environment-header.ts';
import { findById, findLatest, findVersion, toVersion, versionById } from './environment-rows.ts';
import { writeSummaries } from './environment-summaries.ts';
import { listEnvironments, listVersions } from './list-environments.ts';
import type { Page, PageRequest, TimedRequest } from './page.ts';
import { createRegistrar } from './register-version.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** A text or file that belongs to a version; its content is a blob, a tree's manifest too. */
export interface StoredFile {
  path: string;
  digest: string;
  size: number;
  kind: 'file' | 'tree';
  /** The main file, and the others that were read as text. */
  role: 'main' | 'text' | 'content';
}

export interface EnvironmentVersion {
  id: number;
  name: string;
  version: string;
  anonymous: boolean;
  category: Category;
  description: string | null;
  tags: Record<string, string>;
  /** Itself, or with its environment. */
  archived: boolean;
  fingerprint: string;
  definition: Definition;
  definitionDigest: string;
  files: StoredFile[];
  derivedFrom: number | null;
  createdAt: string;
  createdBy: string;
  purgedAt: string | null;
}

export interface EnvironmentSummary {
  name: string;
  archived: boolean;
  latestVersion: string | null;
  /** What the next automatic version would be. */
  nextVersion: string;
  category: Category | null;
  description: string | null;
  tags: Record<string, string>;
  versions: number;
  createdAt: string;
  updatedAt: string;
}

export interface RegisterRequest {
  name: string;
  /** Without one the next number is taken. */
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  anonymous?: boolean;
  category: Category;
  fingerprint: string;
  definition: Definition;
  definitionDigest: string;
  files: StoredFile[];
  derivedFrom?: number;
}

export interface RegisterResult {
  version: EnvironmentVersion;
  /** `updated`: the same definition with another description or other tags. */
  outcome: 'created' | 'updated' | 'unchanged';
}

export type ArchivedFilter = 'active' | 'archived' | 'all';

export type EnvironmentOrder = 'name' | '-name' | 'created' | '-created';

/** Sees what is there when a change is made, and may throw: then nothing changes. */
export type VersionCheck = (current: EnvironmentVersion) => void;

export interface EnvironmentStore {
  /**
   * With a version: makes it, or moves description and tags of the one that is there with the same definition. Without: the same for the latest
   * version if its definition is the same, else makes the one after the highest number. Safe between processes: never two for one request.
   * @throws AppError VERSION_EXISTS if the version is there with another definition.
   */
  register(request: RegisterRequest): Promise<RegisterResult>;
  /** The version that `register` would answer as it is; undefined if it had something to write or to refuse. */
  findSame(request: Omit<RegisterRequest, 'files'>): Promise<EnvironmentVersion | undefined>;
  get(name: string, version: string): Promise<EnvironmentVersion | undefined>;
  byId(id: number): Promise<EnvironmentVersion | undefined>;
  /** The most recently created version, whatever its number; archived ones only while there is no other. */
  latest(name: string): Promise<EnvironmentVersion | undefined>;
  /** Of all environments but anonymous ones, sorted. */
  names(): Promise<string[]>;
  /** By name. Category and tags (`key` or `key=value`) are those of the latest version. */
  list(
    request: PageRequest & {
      archived?: ArchivedFilter;
      category?: string;
      tags?: readonly string[];
      nameContains?: string;
      /** Only this one. */
      name?: string;
      /** By name if not given. With `-`, the last one first. */
      sort?: EnvironmentOrder;
    },
  ): Promise<Page<EnvironmentSummary>>;
  /** By time, the newest first. Those without a name are in no list. Tags as in `list`. */
  listVersions(
    name: string,
    request: TimedRequest & { archived?: ArchivedFilter; tags?: readonly string[] },
  ): Promise<Page<EnvironmentVersion>>;
  /** Oldest first, archived and anonymous ones too. */
  byFingerprint(fingerprint: string): Promise<EnvironmentVersion[]>;
  /** What the change does not name stays. */
  updateHeader(id: number, change: HeaderChange, check?: VersionCheck): Promise<EnvironmentVersion>;
  /** Without a version all of them. @throws AppError ENVIRONMENT_NOT_FOUND; ARCHIVED when a single version is restored while its environment is archived. */
  setArchived(name: string, version: string | undefined, archived: boolean, check?: VersionCheck): Promise<void>;
  /** @throws AppError IN_USE if a run used the version. */
  delete(id: number, check?: VersionCheck): Promise<void>;
  /** Takes the content away, whoever used it; name, version, fingerprint and digest stay as a tombstone. */
  purge(id: number, check?: VersionCheck): Promise<EnvironmentVersion>;
}

export function createEnvironmentStore(
  database: Connection,
  user: string,
  registrar = createRegistrar(database),
): EnvironmentStore {
  return {
    register: (request) => registrar.register(request, user),
    findSame: registrar.findSame,
    get: (name, version) => registrar.find({ name, version }),
    byId: (id) => findById(database, id),
    latest: (name) => findLatest(database, name),
    names: () => listNames(database),
    list: (request) => listEnvironments(database, request),
    listVersions: (name, request) => listVersions(database, name, request),
    byFingerprint: async (fingerprint) => {
      const query = database.selectFrom('environment_versions').selectAll().where('fingerprint', '=', fingerprint);
      return (await query.orderBy('id').execute()).map(toVersion);
    },
    updateHeader: (id, change, check) =>
      inTransaction(database, async (transaction) => {
        check?.(await versionById(transaction, id));
        await writeHeader(transaction, id, change);
        const version = await versionById(transaction, id);
        if (change.tags !== undefined) await writeSummaries(transaction, [version.name]);
        return version;
      }),
    setArchived: (name, version, archived, check) =>
      inTransaction(database, async (transaction) => {
        const current = version === undefined ? undefined : await findVersion(transaction, name, version);
        if (current !== undefined) check?.(current);
        await setArchived(transaction, name, version, archived);
        await writeSummaries(transaction, [name]);
      }),
    delete: (id, check) =>
      inTransaction(database, async (transaction) => {
        check?.(await versionById(transaction, id));
        await deleteVersion(transaction, id);
      }),
    purge: (id, check) =>
      inTransaction(database, async (transaction) => {
        check?.(await versionById(transaction, id));
        return await purgeVersion(transaction, id);
      }),
  };
}

async function listNames(database: Connection): Promise<string[]> {
  const rows = await database
    .selectFrom('environments as e')
    .select('e.name')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('environment_versions as v')
          .select('v.id')
          .whereRef('v.name', '=', 'e.name')
          .where('v.anonymous', '=', 0),
      ),
    )
    .orderBy('e.name')
    .execute();
  return rows.map(({ name }) => name);
}

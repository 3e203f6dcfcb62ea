import type { Kysely, Selectable, Transaction } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { type Category, Definition } from '../schema/index.ts';
import { decodeCursor, type Page, type PageRequest, toPage } from './page.ts';
import type { Tables } from './tables.ts';

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

type ArchivedFilter = 'active' | 'archived' | 'all';

export interface EnvironmentStore {
  /** @throws AppError VERSION_EXISTS if the version is there with another definition. */
  register(request: RegisterRequest): Promise<RegisterResult>;
  get(name: string, version: string): Promise<EnvironmentVersion | undefined>;
  byId(id: number): Promise<EnvironmentVersion | undefined>;
  /** The most recently created version, archived ones left out while there are others. */
  latest(name: string): Promise<EnvironmentVersion | undefined>;
  names(): Promise<string[]>;
  list(request: PageRequest & { archived?: ArchivedFilter; category?: string; tags?: readonly string[]; nameContains?: string }): Promise<Page<EnvironmentSummary>>;
  listVersions(name: string, request: PageRequest & { archived?: ArchivedFilter }): Promise<Page<EnvironmentVersion>>;
  byFingerprint(fingerprint: string): Promise<EnvironmentVersion[]>;
  updateHeader(id: number, change: { description?: string; tags?: Record<string, string> }): Promise<EnvironmentVersion>;
  /** @throws AppError ARCHIVED when a single version is restored while its environment is archived. */
  setArchived(name: string, version: string | undefined, archived: boolean): Promise<void>;
  /** @throws AppError IN_USE if a run used the version. */
  delete(id: number): Promise<void>;
  /** Takes the content away, whoever used it; name, version, fingerprint and digest stay as a tombstone. */
  purge(id: number): Promise<EnvironmentVersion>;
}

type Database = Kysely<Tables>;
type VersionRow = Selectable<Tables['environment_versions']> & { container_archived?: number };

/** Attempts of `register` when another process took the number first. */
const attempts = 50;

export function createEnvironmentStore(database: Database, user: string): EnvironmentStore {
  const select = (connection: Database | Transaction<Tables> = database) =>
    connection
      .selectFrom('environment_versions as v')
      .innerJoin('environments as e', 'e.name', 'v.name')
      .selectAll('v')
      .select('e.archived as container_archived');
  const byId = async (id: number, connection: Database | Transaction<Tables> = database): Promise<EnvironmentVersion | undefined> => {
    const row = await select(connection).where('v.id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  };
  const existing = async (id: number, connection?: Transaction<Tables>): Promise<EnvironmentVersion> => {
    const version = await byId(id, connection);
    if (version === undefined) throw new AppError('ENVIRONMENT_NOT_FOUND', 'the version is not there any more');
    return version;
  };

  return {
    byId: (id) => byId(id),
    register: async (request) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await database.transaction().execute((transaction) => register(transaction, request));
        } catch (error) {
          if (!isUniqueViolation(error) || attempt === attempts) throw error;
        }
      }
    },
    get: async (name, version) => {
      const row = await select().where('v.name', '=', name).where('v.version', '=', version).executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    latest: async (name) => {
      const query = select().where('v.name', '=', name).orderBy('v.archived').orderBy('v.id', 'desc').limit(1);
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    names: async () => {
      const rows = await database.selectFrom('environments').select('name').orderBy('name').execute();
      return rows.map(({ name }) => name);
    },
    list: async (request) => await listEnvironments(database, request),
    listVersions: async (name, { limit, cursor, archived = 'active' }) => {
      let query = select().where('v.name', '=', name).orderBy('v.id', 'desc').limit(limit + 1);
      if (cursor !== undefined) query = query.where('v.id', '<', Number(decodeCursor(cursor, 1)[0]));
      if (archived === 'active') query = query.where('v.archived', '=', 0);
      if (archived === 'archived') query = query.where('v.archived', '=', 1);
      return toPage(await query.execute(), limit, (row) => [row.id], fromRow);
    },
    byFingerprint: async (fingerprint) => {
      const rows = await select().where('v.fingerprint', '=', fingerprint).orderBy('v.id').execute();
      return rows.map(fromRow);
    },
    updateHeader: async (id, change) =>
      await database.transaction().execute(async (transaction) => {
        await updateHeader(transaction, id, change);
        return await existing(id, transaction);
      }),
    setArchived: async (name, version, archived) =>
      await database.transaction().execute((transaction) => setArchived(transaction, name, version, archived ? 1 : 0)),
    delete: async (id) =>
      await database.transaction().execute(async (transaction) => {
        const { name, version } = await existing(id, transaction);
        const used = await transaction.selectFrom('runs').select('id').where('version_id', '=', id).executeTakeFirst();
        if (used !== undefined) {
          throw new AppError('IN_USE', `${name}:${version} cannot be deleted: the run ${used.id} used it`, { hint: `Archive it instead: \`terroir env archive ${name}:${version}\`.` });
        }
        await transaction.deleteFrom('lock_bindings').where('version_id', '=', id).execute();
        await transaction.deleteFrom('environment_versions').where('id', '=', id).execute();
        const left = await transaction.selectFrom('environment_versions').select('id').where('name', '=', name).executeTakeFirst();
        if (left === undefined) await transaction.deleteFrom('environments').where('name', '=', name).execute();
      }),
    purge: async (id) =>
      await database.transaction().execute(async (transaction) => {
        const { definition } = await existing(id, transaction);
        const empty: Definition = { ...definition, image: undefined, build: undefined, dockerSteps: undefined, layer: undefined, spark: undefined, environmentVariables: {} };
        await transaction
          .updateTable('environment_versions')
          .set({ definition: JSON.stringify(empty), files: '[]', description: null, tags: '{}', archived: 1, purged_at: now() })
          .where('id', '=', id)
          .execute();
        return await existing(id, transaction);
      }),
  };

  async function register(transaction: Transaction<Tables>, request: RegisterRequest): Promise<RegisterResult> {
    const { name } = request;
    const container = await transaction.selectFrom('environments').selectAll().where('name', '=', name).executeTakeFirst();
    const same = await findSame(transaction, request);
    if (same !== undefined) return await refresh(transaction, same, request);
    const time = now();
    if (container === undefined) {
      await transaction.insertInto('environments').values({ name, archived: 0, created_at: time, created_by: user }).execute();
    }
    const version = request.version ?? String(await nextNumber(transaction, name));
    const inserted = await transaction
      .insertInto('environment_versions')
      .values({
        name,
        version,
        number: integerOf(version),
        anonymous: request.anonymous === true ? 1 : 0,
        category: request.category,
        description: request.description ?? null,
        tags: JSON.stringify(request.tags ?? {}),
        // Born archived in an archived environment.
        archived: container?.archived ?? 0,
        fingerprint: request.fingerprint,
        definition: JSON.stringify(request.definition),
        definition_digest: request.definitionDigest,
        files: JSON.stringify(request.files),
        derived_from: request.derivedFrom ?? null,
        created_at: time,
        created_by: user,
        updated_at: time,
        purged_at: null,
      } as never)
      .returning('id')
      .executeTakeFirstOrThrow();
    return { version: await existing(inserted.id, transaction), outcome: 'created' };
  }

  /** The version that the request would repeat: the named one, or without a name the latest if its definition is the same. */
  async function findSame(transaction: Transaction<Tables>, request: RegisterRequest): Promise<EnvironmentVersion | undefined> {
    if (request.version !== undefined) {
      const row = await select(transaction).where('v.name', '=', request.name).where('v.version', '=', request.version).executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.definition_digest === request.definitionDigest) return fromRow(row);
      throw new AppError('VERSION_EXISTS', `Environment ${request.name} with version ${request.version} is already registered and cannot be changed.`, {
        hint: 'Register it under another version, or without one.',
      });
    }
    const row = await select(transaction).where('v.name', '=', request.name).orderBy('v.id', 'desc').limit(1).executeTakeFirst();
    return row?.definition_digest === request.definitionDigest && row.purged_at === null ? fromRow(row) : undefined;
  }

  async function refresh(transaction: Transaction<Tables>, version: EnvironmentVersion, request: RegisterRequest): Promise<RegisterResult> {
    const description = request.description ?? version.description;
    const tags = request.tags === undefined || Object.keys(request.tags).length === 0 ? version.tags : request.tags;
    if (description === version.description && JSON.stringify(sorted(tags)) === JSON.stringify(sorted(version.tags))) return { version, outcome: 'unchanged' };
    await updateHeader(transaction, version.id, { description: description ?? undefined, tags });
    return { version: await existing(version.id, transaction), outcome: 'updated' };
  }
}

async function updateHeader(transaction: Transaction<Tables>, id: number, change: { description?: string; tags?: Record<string, string> }): Promise<void> {
  await transaction
    .updateTable('environment_versions')
    .set({
      updated_at: now(),
      ...(change.description === undefined ? {} : { description: change.description }),
      ...(change.tags === undefined ? {} : { tags: JSON.stringify(change.tags) }),
    })
    .where('id', '=', id)
    .execute();
}

async function setArchived(transaction: Transaction<Tables>, name: string, version: string | undefined, archived: 0 | 1): Promise<void> {
  if (version === undefined) {
    await transaction.updateTable('environments').set({ archived }).where('name', '=', name).execute();
    await transaction.updateTable('environment_versions').set({ archived }).where('name', '=', name).where('purged_at', 'is', null).execute();
    return;
  }
  const container = await transaction.selectFrom('environments').select('archived').where('name', '=', name).executeTakeFirst();
  if (container?.archived === 1 && archived === 0) {
    throw new AppError('ARCHIVED', `${name}:${version} cannot be restored: the environment ${name} is archived as a whole`, { hint: `Restore it first: \`terroir env restore ${name}\`.` });
  }
  await transaction.updateTable('environment_versions').set({ archived }).where('name', '=', name).where('version', '=', version).execute();
}

async function nextNumber(connection: Database | Transaction<Tables>, name: string): Promise<number> {
  const row = await connection.selectFrom('environment_versions').select(({ fn }) => fn.max('number').as('highest')).where('name', '=', name).executeTakeFirst();
  return Number(row?.highest ?? 0) + 1;
}

async function listEnvironments(
  database: Database,
  { limit, cursor, archived = 'active', category, tags = [], nameContains }: Parameters<EnvironmentStore['list']>[0],
): Promise<Page<EnvironmentSummary>> {
  // The newest version of each, archived ones only where there is no other.
  const newest = database
    .selectFrom('environment_versions')
    .select(({ fn }) => ['name', fn.max('id').as('id'), fn.count<number>('id').as('versions'), fn.max('number').as('highest')])
    .where('anonymous', '=', 0)
    .$if(archived === 'active', (query) => query.where('archived', '=', 0))
    .groupBy('name')
    .as('n');
  let query = database
    .selectFrom('environments as e')
    .innerJoin(newest, 'n.name', 'e.name')
    .innerJoin('environment_versions as v', 'v.id', 'n.id')
    .select(['e.name', 'e.archived as container_archived', 'e.created_at as environment_created_at', 'n.versions', 'n.highest', 'v.version', 'v.category', 'v.description', 'v.tags', 'v.archived', 'v.updated_at'])
    .orderBy('e.name')
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('e.name', '>', String(decodeCursor(cursor, 1)[0]));
  if (archived === 'active') query = query.where('e.archived', '=', 0);
  if (archived === 'archived') query = query.where(({ eb, or }) => or([eb('e.archived', '=', 1), eb('v.archived', '=', 1)]));
  if (category !== undefined) query = query.where('v.category', '=', category);
  if (nameContains !== undefined && nameContains !== '') query = query.where(({ eb, fn }) => eb(fn('lower', ['e.name']), 'like', `%${nameContains.toLowerCase().replaceAll(/[%_]/g, '')}%`));
  for (const tag of tags) {
    const split = tag.indexOf('=');
    const [key, value] = split === -1 ? [tag, undefined] : [tag.slice(0, split), tag.slice(split + 1)];
    const wanted = value === undefined ? `${JSON.stringify(key)}:` : `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    query = query.where('v.tags', 'like', `%${wanted}%`);
  }
  return toPage(await query.execute(), limit, (row) => [row.name], (row) => ({
    name: row.name,
    archived: row.container_archived === 1 || row.archived === 1,
    latestVersion: row.version,
    nextVersion: String(Number(row.highest ?? 0) + 1),
    category: row.category as Category,
    description: row.description,
    tags: JSON.parse(row.tags) as Record<string, string>,
    versions: Number(row.versions),
    createdAt: row.environment_created_at,
    updatedAt: row.updated_at,
  }));
}

function fromRow(row: VersionRow): EnvironmentVersion {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    anonymous: row.anonymous === 1,
    category: row.category as Category,
    description: row.description,
    tags: JSON.parse(row.tags) as Record<string, string>,
    archived: row.archived === 1 || row.container_archived === 1,
    fingerprint: row.fingerprint,
    definition: Definition.parse(JSON.parse(row.definition)),
    definitionDigest: row.definition_digest,
    files: JSON.parse(row.files) as StoredFile[],
    derivedFrom: row.derived_from,
    createdAt: row.created_at,
    createdBy: row.created_by,
    purgedAt: row.purged_at,
  };
}

/** The value of a version that is a plain integer. */
function integerOf(version: string): number | null {
  if (!/^(?:0|[1-9]\d{0,14})$/.test(version)) return null;
  return Number(version);
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** SQLite's and PostgreSQL's way of saying that a unique key is taken. */
function isUniqueViolation(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string };
  return errcode === 2067 || errcode === 1555 || code === '23505';
}

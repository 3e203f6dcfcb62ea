import type { Insertable } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { canonicalJson } from '../schema/index.ts';
import { writeHeader } from './environment-header.ts';
import { toVersion } from './environment-rows.ts';
import { summaryState } from './environment-summaries.ts';
import type { EnvironmentVersion, RegisterRequest, RegisterResult } from './environments.ts';
import { inBatches } from './in-batches.ts';
import type { Tables } from './tables.ts';
import { type Connection, inTransaction } from './transaction.ts';
import { versionAfter, versionNumber } from './version-number.ts';

/** Who registers versions for everybody. */
export interface Registrar {
  register(request: RegisterRequest, user: string): Promise<RegisterResult>;
  /** The version that registering would answer as it is; undefined if there is something to write or to refuse. */
  findSame(request: SameRequest): Promise<EnvironmentVersion | undefined>;
}

type SameRequest = Omit<RegisterRequest, 'files'>;

interface Item {
  request: RegisterRequest;
  user: string;
}

/** DESIGN, "Versions". Those that come together are read and written together: a transaction costs more than what is in it, and so does a query. */
export function createRegistrar(database: Connection): Registrar {
  const registerInBatch = inBatches<Item, RegisterResult | AppError>((batch) =>
    inTransaction(database, (transaction) => registerAll(transaction, batch)),
  );
  return {
    register: async (request, user) => {
      const result = await registerInBatch({ request, user });
      if (result instanceof AppError) throw result;
      return result;
    },
    findSame: inBatches((requests) => findAllSame(database, requests)),
  };
}

/** In the order of the requests. */
async function findAllSame(
  connection: Connection,
  requests: readonly SameRequest[],
): Promise<(EnvironmentVersion | undefined)[]> {
  const group = await openGroup(connection, requests);
  return requests.map((request) => {
    const found = findIn(group, request);
    if (found === undefined || !isSame(found, request)) return undefined;
    return movedHeader(found, request) === undefined ? found : undefined;
  });
}

/** What a registration is compared with: the version that it names, or the latest one. */
function findIn({ containers, named }: Group, { name, version }: SameRequest): EnvironmentVersion | undefined {
  return version === undefined ? containers.get(name)?.latest : named.get(keyOf(name, version));
}

function isSame(version: EnvironmentVersion, { definitionDigest }: { definitionDigest: string }): boolean {
  return version.definitionDigest === definitionDigest && version.purgedAt === null;
}

/** Description and tags move to those of the request; what it does not give stays, so that a file without tags takes none away. */
function movedHeader(
  version: EnvironmentVersion,
  request: { description?: string; tags?: Record<string, string> },
): { description: string | null; tags: Record<string, string> } | undefined {
  const description = request.description ?? version.description;
  const tags = Object.keys(request.tags ?? {}).length === 0 ? version.tags : (request.tags ?? {});
  const isAsBefore = description === version.description && canonicalJson(tags) === canonicalJson(version.tags);
  return isAsBefore ? undefined : { description, tags };
}

/** In turn, as if each were alone. A refusal is the answer of its request, and takes nothing from the others. */
async function registerAll(transaction: Connection, items: readonly Item[]): Promise<(RegisterResult | AppError)[]> {
  const group = await openGroup(
    transaction,
    items.map(({ request }) => request),
  );
  const results: (RegisterResult | AppError)[] = [];
  for (const item of items) {
    try {
      results.push(await registerOne(transaction, group, item));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      results.push(error);
    }
  }
  await insertGroup(transaction, group);
  return results;
}

async function registerOne(transaction: Connection, group: Group, { request, user }: Item): Promise<RegisterResult> {
  const { name, version } = request;
  const container = group.containers.get(name);
  const found = findIn(group, request);
  if (found !== undefined && isSame(found, request)) {
    const moved = movedHeader(found, request);
    if (moved === undefined) return { version: found, outcome: 'unchanged' };
    Object.assign(found, moved);
    if (found.id !== pending) await writeHeader(transaction, found.id, moved);
    if (container?.latest === found) container.hasOtherTags = true;
    return { version: found, outcome: 'updated' };
  }
  if (version !== undefined && found !== undefined) throw versionExists(found);
  return { version: addVersion(group, { request, user }), outcome: 'created' };
}

function versionExists({ name, version, purgedAt }: EnvironmentVersion): AppError {
  return new AppError(
    'VERSION_EXISTS',
    `Environment ${name} with version ${version} is already registered and cannot be changed.`,
    {
      hint:
        purgedAt === null
          ? 'Register it under another version, or without one.'
          : 'Its content was purged. Register it under another version, or without one.',
    },
  );
}

/** A version that is in no row yet has this id. */
const pending = 0;

interface Container {
  isNew: boolean;
  archived: boolean;
  createdAt: string;
  createdBy: string;
  latest: EnvironmentVersion | undefined;
  /** The highest number of its versions, archived and purged ones included. */
  highest: number | null;
  versions: number;
  active: number;
  hasOtherTags: boolean;
}

/** What the requests of a batch have to do with, as it is and then as it will be. */
interface Group {
  containers: Map<string, Container>;
  /** By name and version: those that a request names. */
  named: Map<string, EnvironmentVersion>;
  created: EnvironmentVersion[];
}

const keyOf = (name: string, version: string): string => `${name}\0${version}`;

async function openGroup(transaction: Connection, requests: readonly SameRequest[]): Promise<Group> {
  const names = [...new Set(requests.map(({ name }) => name))];
  const rows = await transaction
    .selectFrom('environments as e')
    .leftJoin('environment_summaries as s', 's.name', 'e.name')
    .select([
      'e.name',
      'e.archived',
      'e.created_at',
      'e.created_by',
      's.latest_id',
      's.highest',
      's.versions',
      's.active',
    ])
    .where('e.name', 'in', names)
    .execute();
  const ids = rows.map((row) => row.latest_id).filter((id) => id !== null);
  const byId = new Map<number, EnvironmentVersion>();
  const all = transaction.selectFrom('environment_versions').selectAll();
  if (ids.length > 0) for (const row of await all.where('id', 'in', ids).execute()) byId.set(row.id, toVersion(row));
  const named = new Map<string, EnvironmentVersion>();
  const wanted = requests.flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
  if (wanted.length > 0) {
    const query = all.where(({ eb, and, or }) =>
      or(wanted.map(({ name, version }) => and([eb('name', '=', name), eb('version', '=', version)]))),
    );
    for (const row of await query.execute())
      named.set(keyOf(row.name, row.version), byId.get(row.id) ?? toVersion(row));
  }
  const containers = rows.map((row): [string, Container] => [
    row.name,
    {
      isNew: false,
      archived: row.archived === 1,
      createdAt: row.created_at,
      createdBy: row.created_by,
      latest: byId.get(row.latest_id ?? pending),
      highest: row.highest,
      versions: row.versions ?? 0,
      active: row.active ?? 0,
      hasOtherTags: false,
    },
  ]);
  return { containers: new Map(containers), named, created: [] };
}

function addVersion({ containers, named, created }: Group, { request, user }: Item): EnvironmentVersion {
  const { name } = request;
  const time = now();
  const container = containers.get(name) ?? newContainer(time, user);
  const label = request.version ?? versionAfter(container.highest, name);
  const tags = request.tags ?? {};
  const version: EnvironmentVersion = {
    id: pending,
    name,
    version: label,
    anonymous: request.anonymous === true,
    category: request.category,
    description: request.description ?? null,
    tags,
    archived: container.archived,
    fingerprint: request.fingerprint,
    definition: request.definition,
    definitionDigest: request.definitionDigest,
    files: request.files,
    derivedFrom: request.derivedFrom ?? null,
    createdAt: time,
    createdBy: user,
    purgedAt: null,
  };
  const number = versionNumber(label);
  if (number !== null) container.highest = Math.max(container.highest ?? 0, number);
  container.hasOtherTags ||= canonicalJson(tags) !== canonicalJson(container.latest?.tags ?? {});
  container.versions += 1;
  if (!container.archived) container.active += 1;
  // Newer than any that is not archived; and in an archived environment all of them are.
  container.latest = version;
  containers.set(name, container);
  named.set(keyOf(name, label), version);
  created.push(version);
  return version;
}

function newContainer(createdAt: string, createdBy: string): Container {
  return {
    isNew: true,
    archived: false,
    createdAt,
    createdBy,
    latest: undefined,
    highest: null,
    versions: 0,
    active: 0,
    hasOtherTags: false,
  };
}

async function insertGroup(transaction: Connection, { containers, created }: Group): Promise<void> {
  const made = [...containers].filter(([, { isNew }]) => isNew);
  if (made.length > 0) {
    const rows = made.map(([name, { createdAt, createdBy }]) => ({
      name,
      archived: 0,
      created_at: createdAt,
      created_by: createdBy,
    }));
    await transaction.insertInto('environments').values(rows).execute();
  }
  if (created.length > 0) {
    const inserted = await transaction
      .insertInto('environment_versions')
      .values(created.map(toRow))
      .returning(['id', 'name', 'version'])
      .execute();
    const ids = new Map(inserted.map(({ id, name, version }) => [keyOf(name, version), id]));
    for (const version of created) version.id = ids.get(keyOf(version.name, version.version)) ?? pending;
    const tags = created.flatMap(({ id, tags: each }) =>
      Object.entries(each).map(([key, value]) => ({ version_id: id, key, value })),
    );
    await inParts(tags, (some) => transaction.insertInto('version_tags').values(some).execute());
  }
  await writeMoved(transaction, containers, new Set(created));
}

/** Brings the summaries of what has changed up to date. */
async function writeMoved(
  transaction: Connection,
  containers: ReadonlyMap<string, Container>,
  created: ReadonlySet<EnvironmentVersion>,
): Promise<void> {
  const summaries: Insertable<Tables['environment_summaries']>[] = [];
  const retagged: string[] = [];
  const tags: Tables['environment_tags'][] = [];
  for (const [name, { latest, archived, highest, versions, active, createdAt, isNew, hasOtherTags }] of containers) {
    if (latest === undefined) continue;
    const { anonymous } = latest;
    const state = anonymous ? summaryState.anonymous : archived ? summaryState.archived : summaryState.active;
    if (created.has(latest))
      summaries.push({
        name,
        state,
        category: latest.category,
        latest_id: latest.id,
        highest,
        versions,
        active,
        created_at: createdAt,
      });
    if (!hasOtherTags || anonymous) continue;
    if (!isNew) retagged.push(name);
    tags.push(...Object.entries(latest.tags).map(([key, value]) => ({ name, key, value })));
  }
  if (summaries.length > 0)
    await transaction
      .insertInto('environment_summaries')
      .values(summaries)
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet(({ ref }) => ({
          state: ref('excluded.state'),
          category: ref('excluded.category'),
          latest_id: ref('excluded.latest_id'),
          highest: ref('excluded.highest'),
          versions: ref('excluded.versions'),
          active: ref('excluded.active'),
        })),
      )
      .execute();
  if (retagged.length > 0) await transaction.deleteFrom('environment_tags').where('name', 'in', retagged).execute();
  await inParts(tags, (some) => transaction.insertInto('environment_tags').values(some).execute());
}

/** Both databases limit the parameters of a statement. */
async function inParts<T>(rows: readonly T[], write: (some: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) await write(rows.slice(at, at + 1000));
}

function toRow(version: EnvironmentVersion): Insertable<Tables['environment_versions']> {
  return {
    name: version.name,
    version: version.version,
    number: versionNumber(version.version),
    anonymous: version.anonymous ? 1 : 0,
    category: version.category,
    description: version.description,
    tags: JSON.stringify(version.tags),
    archived: version.archived ? 1 : 0,
    fingerprint: version.fingerprint,
    definition: JSON.stringify(version.definition),
    definition_digest: version.definitionDigest,
    files: JSON.stringify(version.files),
    derived_from: version.derivedFrom,
    created_at: version.createdAt,
    created_by: version.createdBy,
    updated_at: version.createdAt,
    purged_at: null,
  };
}

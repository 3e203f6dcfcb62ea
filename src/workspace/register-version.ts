import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { canonicalJson } from '../schema/index.ts';
import { writeHeader } from './environment-header.ts';
import type { EnvironmentVersion, RegisterRequest, RegisterResult } from './environments.ts';
import { inBatches } from './in-batches.ts';
import { type Connection, inTransaction } from './transaction.ts';
import {
  findIn,
  findNamed,
  type Group,
  keyOf,
  newContainer,
  openGroup,
  pending,
  type VersionName,
} from './version-group.ts';
import { versionAfter, versionNumber } from './version-number.ts';
import { writeGroup } from './write-group.ts';

/** Who registers versions for everybody. */
export interface Registrar {
  register(request: RegisterRequest, user: string): Promise<RegisterResult>;
  /** The version that registering would answer as it is; undefined if there is something to write or to refuse. */
  findSame(request: SameRequest): Promise<EnvironmentVersion | undefined>;
  find(wanted: VersionName): Promise<EnvironmentVersion | undefined>;
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
    find: inBatches((wanted) => findAll(database, wanted)),
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

async function findAll(
  connection: Connection,
  wanted: readonly VersionName[],
): Promise<(EnvironmentVersion | undefined)[]> {
  const found = await findNamed(connection, wanted);
  return wanted.map(({ name, version }) => found.get(keyOf(name, version)));
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
  await writeGroup(transaction, group);
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

import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { canonicalJson } from '../schema/index.ts';
import { writeHeader, writeTags } from './environment-header.ts';
import { findLatest, findVersion, versionById } from './environment-rows.ts';
import type { EnvironmentVersion, RegisterRequest, RegisterResult } from './environments.ts';
import type { Connection } from './transaction.ts';
import { versionAfter, versionNumber } from './version-number.ts';

/** DESIGN, "Versions", inside a transaction. */
export async function registerVersion(
  transaction: Connection,
  request: RegisterRequest,
  user: string,
): Promise<RegisterResult> {
  const same = await findSame(transaction, request);
  if (same !== undefined) return await moveHeader(transaction, same, request);
  const archived = await takeContainer(transaction, request.name, user);
  const version = request.version ?? (await nextVersion(transaction, request.name));
  const time = now();
  const { id } = await transaction
    .insertInto('environment_versions')
    .values({
      name: request.name,
      version,
      number: versionNumber(version),
      anonymous: request.anonymous === true ? 1 : 0,
      category: request.category,
      description: request.description ?? null,
      tags: JSON.stringify(request.tags ?? {}),
      archived,
      fingerprint: request.fingerprint,
      definition: JSON.stringify(request.definition),
      definition_digest: request.definitionDigest,
      files: JSON.stringify(request.files),
      derived_from: request.derivedFrom ?? null,
      created_at: time,
      created_by: user,
      updated_at: time,
      purged_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await writeTags(transaction, id, request.tags ?? {});
  return { version: await versionById(transaction, id), outcome: 'created' };
}

/** The version that the request repeats: the named one, or without a name the latest if its definition is the same. */
async function findSame(transaction: Connection, request: RegisterRequest): Promise<EnvironmentVersion | undefined> {
  const { name, version, definitionDigest } = request;
  if (version === undefined) {
    const latest = await findLatest(transaction, name);
    return latest?.definitionDigest === definitionDigest && latest.purgedAt === null ? latest : undefined;
  }
  const named = await findVersion(transaction, name, version);
  if (named === undefined || (named.definitionDigest === definitionDigest && named.purgedAt === null)) return named;
  throw new AppError(
    'VERSION_EXISTS',
    `Environment ${name} with version ${version} is already registered and cannot be changed.`,
    {
      hint:
        named.purgedAt === null
          ? 'Register it under another version, or without one.'
          : 'Its content was purged. Register it under another version, or without one.',
    },
  );
}

/** Description and tags move to those of the request; what it does not give stays, so that a file without tags takes none away. */
async function moveHeader(
  transaction: Connection,
  version: EnvironmentVersion,
  request: RegisterRequest,
): Promise<RegisterResult> {
  const description = request.description ?? version.description;
  const tags = Object.keys(request.tags ?? {}).length === 0 ? version.tags : request.tags;
  if (description === version.description && canonicalJson(tags) === canonicalJson(version.tags)) {
    return { version, outcome: 'unchanged' };
  }
  await writeHeader(transaction, version.id, { description, tags });
  return { version: await versionById(transaction, version.id), outcome: 'updated' };
}

/** Makes the environment if it is new. Answers whether it is archived: then its versions are born archived. */
async function takeContainer(transaction: Connection, name: string, user: string): Promise<number> {
  const query = transaction.selectFrom('environments').select('archived').where('name', '=', name);
  const container = await query.executeTakeFirst();
  if (container !== undefined) return container.archived;
  const row = { name, archived: 0, created_at: now(), created_by: user };
  await transaction.insertInto('environments').values(row).execute();
  return 0;
}

/** After the highest number, archived and purged versions included. */
async function nextVersion(transaction: Connection, name: string): Promise<string> {
  const row = await transaction
    .selectFrom('environment_versions')
    .select(({ fn }) => fn.max('number').as('highest'))
    .where('name', '=', name)
    .executeTakeFirst();
  return versionAfter(row?.highest, name);
}

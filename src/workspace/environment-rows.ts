import type { Selectable } from 'kysely';
import * as z from 'zod';
import { AppError } from '../errors/index.ts';
import { Definition } from '../schema/index.ts';
import type { EnvironmentVersion } from './environments.ts';
import { remembered } from './remembered.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';

export const Tags = z.record(z.string(), z.string());

export const StoredFiles = z.array(
  z.object({
    path: z.string(),
    digest: z.string(),
    size: z.number(),
    kind: z.enum(['file', 'tree']),
    role: z.enum(['main', 'text', 'content']),
  }),
);

export async function findVersion(
  connection: Connection,
  name: string,
  version: string,
): Promise<EnvironmentVersion | undefined> {
  const query = connection.selectFrom('environment_versions').selectAll();
  const row = await query.where('name', '=', name).where('version', '=', version).executeTakeFirst();
  return row === undefined ? undefined : toVersion(row);
}

/** What `@latest` means, and what a registration without a version compares with. */
export async function findLatest(connection: Connection, name: string): Promise<EnvironmentVersion | undefined> {
  const row = await connection
    .selectFrom('environment_versions')
    .selectAll()
    .where('id', '=', (eb) =>
      eb
        .selectFrom('environment_versions')
        .select('id')
        .where('name', '=', name)
        .orderBy('archived')
        .orderBy('id', 'desc')
        .limit(1),
    )
    .executeTakeFirst();
  return row === undefined ? undefined : toVersion(row);
}

export async function findById(connection: Connection, id: number): Promise<EnvironmentVersion | undefined> {
  const query = connection.selectFrom('environment_versions').selectAll().where('id', '=', id);
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : toVersion(row);
}

/** @throws AppError ENVIRONMENT_NOT_FOUND. */
export async function versionById(connection: Connection, id: number): Promise<EnvironmentVersion> {
  const version = await findById(connection, id);
  if (version !== undefined) return version;
  throw new AppError('ENVIRONMENT_NOT_FOUND', 'the version is not in the workspace any more', {
    hint: 'It was deleted meanwhile; `terroir env list` shows what is there.',
  });
}

/** Definitions by their JSON. Nobody changes one: who lists or submits the same again and again need not read it each time. */
const definitions = remembered<Definition>(4 << 20);

function definitionOf(text: string, what: string): Definition {
  const known = definitions.find(text);
  if (known !== undefined) return known;
  const read = fromJson(Definition, text, what);
  definitions.keep(text, read);
  return read;
}

export function toVersion(row: Selectable<Tables['environment_versions']>): EnvironmentVersion {
  const what = `${row.name}:${row.version}`;
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    anonymous: row.anonymous === 1,
    category: row.category,
    description: row.description,
    tags: fromJson(Tags, row.tags, what),
    archived: row.archived === 1,
    fingerprint: row.fingerprint,
    definition: definitionOf(row.definition, what),
    definitionDigest: row.definition_digest,
    files: fromJson(StoredFiles, row.files, what),
    derivedFrom: row.derived_from,
    createdAt: row.created_at,
    createdBy: row.created_by,
    purgedAt: row.purged_at,
  };
}

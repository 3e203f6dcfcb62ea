import { PostgresAdapter, sql } from 'kysely';
import { AppError } from '../errors/index.ts';
import { ImageRevision } from '../schema/index.ts';
import { placeFacts } from './bind-folder.ts';
import { writeSummaries } from './environment-summaries.ts';
import { writeLayers } from './image-layers.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';

/** A row as JSON has it. */
export type Row = Readonly<Record<string, string | number | null | { base64: string }>>;
/** A row as the databases give and take it. */
type StoredRow = Readonly<Record<string, string | number | null | Uint8Array>>;

/** All that the database has, for copies of a workspace. */
export interface RowStore {
  /** Every row as of one moment, table by table in an order in which they can be added, so many at a time as memory likes. */
  readAll(take: (table: string, rows: readonly Row[]) => Promise<void>): Promise<void>;
  isEmpty(): Promise<boolean>;
  /** Removes every row: what a copy that was given up leaves behind. */
  clear(): Promise<void>;
  /** Into a workspace that has none of them. @throws AppError CORRUPT_ARCHIVE for rows that are none of ours. */
  add(table: string, rows: readonly Row[]): Promise<void>;
}

/** What orders the rows of each table. Leases and workers are not among them: they are processes of this moment. */
const keys: readonly (readonly [keyof Tables, ...string[]])[] = [
  ['environments', 'name'],
  ['environment_versions', 'id'],
  ['version_tags', 'version_id', 'key'],
  ['lock_revisions', 'fingerprint', 'platform', 'revision'],
  ['lock_bindings', 'version_id', 'platform'],
  ['kept_archives', 'lock_digest', 'sha256'],
  ['runs', 'number'],
  ['builds', 'number'],
  ['tasks', 'number'],
  ['models', 'number'],
  ['image_revisions', 'fingerprint', 'revision'],
  ['platform_images', 'fingerprint', 'platform', 'revision'],
  ['facts', 'name'],
  ['base_references', 'reference'],
  ['tokens', 'id'],
  ['audit', 'number'],
  ['submissions', 'user', 'key'],
  ['contents', 'digest'],
  ['log_pieces', 'log', 'at'],
];

const pageSize = 500;
/** Of those whose rows may be large: a content may have dozens of megabytes. */
const smallPages = new Map<keyof Tables, number>([
  ['contents', 4],
  ['log_pieces', 50],
]);

export function createRowStore(database: Connection): RowStore {
  return {
    readAll: async (take) => {
      await database
        .transaction()
        .setIsolationLevel('serializable')
        .execute(async (transaction) => {
          for (const [table, ...key] of keys) {
            let rows = await readPage(transaction, { table, key, after: undefined });
            for (; rows.length > 0; rows = await readPage(transaction, { table, key, after: rows.at(-1) }))
              await take(table, rows.map(toJson));
          }
        });
    },
    isEmpty: async () => {
      for (const [table] of keys)
        if ((await readPage(database, { table, key: [], after: undefined })).length > 0) return false;
      return true;
    },
    clear: async () => {
      for (const [table] of keys.toReversed()) await database.deleteFrom(table).execute();
      await database.deleteFrom('image_layers').execute();
      await writeSummaries(database);
    },
    add: async (table, rows) => {
      const known = keys.find(([name]) => name === table)?.[0];
      if (known === undefined) throw notOurs(`a table \`${table}\``);
      try {
        // Each row has as many parameters as columns, and a statement takes 32,766.
        for (let at = 0; at < rows.length; at += 100)
          await database
            .insertInto(known)
            .values(rows.slice(at, at + 100).map(toStored) as never)
            .execute();
        if (counted.has(known)) await countOn(database, known);
        await summarize(database, known, rows);
      } catch (error) {
        throw notOurs(`rows of \`${table}\` that do not fit`, error);
      }
    },
  };
}

/** What follows from other rows is not among those that are copied. Tags come after the versions that they are of. */
async function summarize(database: Connection, table: keyof Tables, rows: readonly Row[]): Promise<void> {
  if (table === 'environment_versions') {
    await writeSummaries(database, [...new Set(rows.map(({ name }) => String(name)))]);
    return;
  }
  if (table === 'image_revisions') {
    const images = rows.map(({ fingerprint, record }) =>
      fromJson(ImageRevision, String(record), `an image of ${String(fingerprint)}`),
    );
    await writeLayers(database, images);
    return;
  }
  if (table !== 'version_tags') return;
  const ids = [...new Set(rows.map(({ version_id: id }) => Number(id)))];
  const query = database.selectFrom('environment_versions').select('name').distinct().where('id', 'in', ids);
  const names = (await query.execute()).map(({ name }) => name);
  await writeSummaries(database, names);
}

/** Tables whose keys count up. PostgreSQL keeps the count apart from the rows. */
const counted = new Map<keyof Tables, string>([
  ['environment_versions', 'id'],
  ['runs', 'number'],
  ['builds', 'number'],
  ['tasks', 'number'],
  ['models', 'number'],
]);

async function countOn(database: Connection, table: keyof Tables): Promise<void> {
  if (!(database.getExecutor().adapter instanceof PostgresAdapter)) return;
  const column = counted.get(table) ?? '';
  const highest = sql`(select max(${sql.ref(column)}) from ${sql.table(table)})`;
  await sql`select setval(pg_get_serial_sequence(${table}, ${column}), ${highest})`.execute(database);
}

async function readPage(
  connection: Connection,
  { table, key, after }: { table: keyof Tables; key: readonly string[]; after: StoredRow | undefined },
): Promise<StoredRow[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const beyond =
    after === undefined ? sql`1 = 1` : sql`(${columns}) > (${sql.join(key.map((column) => sql`${after[column]}`))})`;
  const order = key.length === 0 ? sql`` : sql`order by ${columns}`;
  const ours = table === 'facts' ? sql`name not in (${sql.join(placeFacts)})` : sql`1 = 1`;
  const limit = smallPages.get(table) ?? pageSize;
  const query = sql<StoredRow>`select * from ${sql.table(table)} where ${ours} and ${beyond} ${order} limit ${limit}`;
  return (await query.execute(connection)).rows;
}

function toJson(row: StoredRow): Row {
  return mapValues(row, (value) =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
  );
}

function toStored(row: Row): StoredRow {
  return mapValues(row, (value) =>
    typeof value === 'object' && value !== null ? Buffer.from(value.base64, 'base64') : value,
  );
}

function mapValues<From, To>(row: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)]));
}

function notOurs(what: string, cause?: unknown): AppError {
  return new AppError('CORRUPT_ARCHIVE', `the backup has ${what}`, {
    hint: 'It is of a newer Terroir, or it was changed.',
    cause,
  });
}

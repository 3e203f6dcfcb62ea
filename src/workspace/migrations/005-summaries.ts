import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { writeSummaries } from '../environment-summaries.ts';
import type { Tables } from '../tables.ts';

/** What lists of environments show, kept beside the versions: counting and looking through them takes too long when there are many. */
export async function createSummaries(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('environment_summaries')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('state', 'integer', (column) => column.notNull())
    .addColumn('category', 'text', (column) => column.notNull())
    .addColumn('latest_id', 'integer', (column) => column.notNull())
    .addColumn('highest', 'bigint')
    .addColumn('versions', 'integer', (column) => column.notNull())
    .addColumn('active', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  const index = async (name: string, columns: string[]): Promise<void> =>
    await schema.createIndex(`environment_summaries_${name}`).on('environment_summaries').columns(columns).execute();
  await index('by_name', ['state', 'name']);
  await index('category', ['state', 'category', 'name']);
  await index('created', ['state', 'created_at', 'name']);
  await index('age', ['created_at', 'name']);
  await schema
    .createTable('environment_tags')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('environment_tags_key', ['name', 'key'])
    .execute();
  await schema.createIndex('environment_tags_value').on('environment_tags').columns(['key', 'value', 'name']).execute();
  await speedUpSearch(database);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what it touches has been made here and before
  await writeSummaries(database as Kysely<Tables>);
}

/** PostgreSQL finds a part of a name by its trigrams, where whoever made the database may have that. Without, it looks at each name. */
async function speedUpSearch(database: Kysely<unknown>): Promise<void> {
  if (!(database.getExecutor().adapter instanceof PostgresAdapter)) return;
  const { rows } = await sql`
    select 1 from pg_available_extension_versions
    where name = 'pg_trgm' and trusted and has_database_privilege(current_database(), 'CREATE')`.execute(database);
  if (rows.length === 0) return;
  await sql`create extension if not exists pg_trgm`.execute(database);
  await sql`create index environment_summaries_search on environment_summaries using gin (lower(name) gin_trgm_ops)`.execute(
    database,
  );
}

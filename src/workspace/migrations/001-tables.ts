import type { Kysely } from 'kysely';
import { counting } from './counting.ts';

/** The first tables. */
export async function createTables(database: Kysely<unknown>): Promise<void> {
  await createEnvironments(database);
  await createLocks(database);
  await createRuns(database);
}

async function createEnvironments(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('environments')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('archived', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('environment_versions')
    .addColumn('id', 'integer', counting(database))
    .addColumn('name', 'text', (column) => column.notNull().references('environments.name'))
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('number', 'bigint')
    .addColumn('anonymous', 'integer', (column) => column.notNull())
    .addColumn('category', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('archived', 'integer', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('definition_digest', 'text', (column) => column.notNull())
    .addColumn('files', 'text', (column) => column.notNull())
    .addColumn('derived_from', 'integer')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('purged_at', 'text')
    .addUniqueConstraint('environment_versions_name_version', ['name', 'version'])
    .execute();
  // Each answers one question without touching the wide rows: the latest, the newest page, the next number, the same content.
  const index = (name: string, columns: string[]) =>
    schema.createIndex(`environment_versions_${name}`).on('environment_versions').columns(columns).execute();
  await index('latest', ['name', 'archived', 'id desc']);
  await index('by_name', ['name', 'id']);
  await index('numbers', ['name', 'number']);
  await index('fingerprint', ['fingerprint']);
  await schema
    .createTable('version_tags')
    .addColumn('version_id', 'integer', (column) => column.notNull().references('environment_versions.id'))
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('version_tags_key', ['version_id', 'key'])
    .execute();
}

async function createLocks({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('lock_revisions')
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('platform', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('lock', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('lock_revisions_key', ['fingerprint', 'platform', 'revision'])
    .execute();
  await schema.createIndex('lock_revisions_digest').on('lock_revisions').column('digest').execute();
  await schema
    .createTable('lock_bindings')
    .addColumn('version_id', 'integer', (column) => column.notNull().references('environment_versions.id'))
    .addColumn('platform', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('lock_bindings_key', ['version_id', 'platform'])
    .execute();
  await schema
    .createTable('kept_archives')
    .addColumn('lock_digest', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('kept_archives_key', ['lock_digest', 'sha256'])
    .execute();
}

async function createRuns(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('runs')
    .addColumn('number', 'integer', counting(database))
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('environment_name', 'text', (column) => column.notNull())
    .addColumn('environment_version', 'text', (column) => column.notNull())
    .addColumn('version_id', 'integer', (column) => column.references('environment_versions.id'))
    .addColumn('lock_digest', 'text')
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('heartbeat_at', 'text')
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('runs_status').on('runs').columns(['status', 'number']).execute();
  await schema.createIndex('runs_version').on('runs').column('version_id').execute();
  await schema
    .createIndex('runs_environment')
    .on('runs')
    .columns(['environment_name', 'environment_version', 'number'])
    .execute();
  await schema
    .createTable('models')
    .addColumn('number', 'integer', counting(database))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('version_number', 'bigint')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id'))
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addUniqueConstraint('models_name_version', ['name', 'version'])
    .execute();
  await schema.createIndex('models_newest').on('models').columns(['name', 'number']).execute();
  await schema.createIndex('models_numbers').on('models').columns(['name', 'version_number']).execute();
  await schema.createIndex('models_run').on('models').column('run_id').execute();
}

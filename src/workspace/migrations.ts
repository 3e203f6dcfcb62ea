import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Forward only. A migration that was released is never edited; the next one has the next number. */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-initial': { up: initial },
};

/** Columns that count up by themselves: `integer primary key` in SQLite, identity in PostgreSQL. */
const counting = 'integer';

async function initial(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('environments')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('archived', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('environment_versions')
    .addColumn('id', counting, (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull())
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
  await schema.createIndex('environment_versions_fingerprint').on('environment_versions').column('fingerprint').execute();
  await schema.createIndex('environment_versions_by_name').on('environment_versions').columns(['name', 'id']).execute();
  await schema.createIndex('environment_versions_numbers').on('environment_versions').columns(['name', 'number']).execute();
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
    .addColumn('version_id', 'integer', (column) => column.notNull())
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
  await schema
    .createTable('runs')
    .addColumn('number', counting, (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('environment_name', 'text', (column) => column.notNull())
    .addColumn('environment_version', 'text', (column) => column.notNull())
    .addColumn('version_id', 'integer')
    .addColumn('lock_digest', 'text')
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('heartbeat_at', 'text')
    .addColumn('cancel_requested', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('runs_status').on('runs').columns(['status', 'number']).execute();
  await schema.createIndex('runs_environment').on('runs').columns(['environment_name', 'environment_version', 'number']).execute();
  await schema
    .createTable('models')
    .addColumn('number', counting, (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addUniqueConstraint('models_name_version', ['name', 'version'])
    .execute();
  await schema.createIndex('models_run').on('models').column('run_id').execute();
}

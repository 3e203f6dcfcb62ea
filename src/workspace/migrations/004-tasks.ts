import type { Kysely } from 'kysely';
import { counting } from './counting.ts';

/** Work that waits for a worker or is under way, who works, and builds with their records. */
export async function createTasks(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('tasks')
    .addColumn('number', 'integer', counting(database))
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('compute', 'text', (column) => column.notNull())
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('worker', 'text')
    .addColumn('token', 'text')
    .addColumn('owner', 'text')
    .addColumn('heartbeat_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('tasks_next')
    .on('tasks')
    .columns(['worker', 'compute', 'priority desc', 'number'])
    .execute();
  await schema
    .createTable('workers')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('heartbeat_at', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('builds')
    .addColumn('number', 'integer', counting(database))
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('environment_name', 'text', (column) => column.notNull())
    .addColumn('environment_version', 'text', (column) => column.notNull())
    .addColumn('version_id', 'integer', (column) => column.references('environment_versions.id'))
    .addColumn('joined_by', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('builds_status').on('builds').columns(['status', 'number']).execute();
  await schema.createIndex('builds_joined').on('builds').columns(['joined_by', 'status']).execute();
  await schema.createIndex('builds_version').on('builds').column('version_id').execute();
  await schema
    .createIndex('builds_environment')
    .on('builds')
    .columns(['environment_name', 'environment_version', 'number'])
    .execute();
}

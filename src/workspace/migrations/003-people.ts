import type { Kysely } from 'kysely';

/** Who may do what, who did what, and which submissions were answered already; environments by age. */
export async function createPeople({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createIndex('environments_created').on('environments').columns(['created_at', 'name']).execute();
  await schema
    .createTable('tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('revoked_at', 'text')
    .addColumn('used_at', 'text')
    .execute();
  await schema.createIndex('tokens_newest').on('tokens').columns(['created_at', 'id']).execute();
  await schema
    .createTable('audit')
    .addColumn('number', 'bigint', (column) => column.primaryKey())
    .addColumn('time', 'text', (column) => column.notNull())
    .addColumn('user', 'text', (column) => column.notNull())
    .addColumn('origin', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('audit_user').on('audit').columns(['user', 'number']).execute();
  await schema.createIndex('audit_subject').on('audit').columns(['subject', 'number']).execute();
  await schema
    .createTable('submissions')
    .addColumn('user', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('submissions_key', ['user', 'key'])
    .execute();
  await schema.createIndex('submissions_age').on('submissions').column('created_at').execute();
}

import type { Kysely } from 'kysely';

/** Images, who is at work on what, what the references of base images meant lately, and what the workspace knows of itself. */
export async function createImages({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('image_revisions')
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('image_revisions_key', ['fingerprint', 'revision'])
    .execute();
  await schema.createIndex('image_revisions_digest').on('image_revisions').column('digest').execute();
  await schema
    .createTable('platform_images')
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('platform', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('lock_digest', 'text')
    .addColumn('base_digest', 'text')
    .addPrimaryKeyConstraint('platform_images_key', ['fingerprint', 'platform', 'revision'])
    .execute();
  await schema.createIndex('platform_images_digest').on('platform_images').column('digest').execute();
  await schema
    .createTable('leases')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('note', 'text')
    .addColumn('heartbeat_at', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('facts')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('base_references')
    .addColumn('reference', 'text', (column) => column.primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('checked_at', 'text', (column) => column.notNull())
    .execute();
}

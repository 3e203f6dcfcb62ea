import { type Kysely, sql } from 'kysely';

/** What a workspace keeps besides its records: small contents, where the large ones are, and logs that several machines read. */
export async function createContents({ schema }: Kysely<unknown>): Promise<void> {
  // SQLite takes any word for a type.
  const bytes = sql`bytea`;
  await schema
    .createTable('contents')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('size', 'double precision', (column) => column.notNull())
    .addColumn('bytes', bytes)
    .addColumn('place', 'text')
    .addColumn('touched_at', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('contents_touched').on('contents').column('touched_at').execute();
  await schema
    .createTable('log_pieces')
    .addColumn('log', 'text', (column) => column.notNull())
    .addColumn('at', 'double precision', (column) => column.notNull())
    .addColumn('bytes', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('log_pieces_key', ['log', 'at'])
    .execute();
  // It said where the holder's log is: that is known by its name.
  await schema.alterTable('leases').dropColumn('note').execute();
}

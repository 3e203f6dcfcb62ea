import { Kysely, PostgresDialect } from 'kysely';
import type { Migration } from 'kysely/migration';
import { AppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import { migrations as ourMigrations } from './migrations.ts';
import { shownDatabase } from './postgres-errors.ts';
import { createPostgresPool } from './postgres-pool.ts';
import type { Tables } from './tables.ts';

/**
 * Opens a database of PostgreSQL, and brings it up to date; of many who do so at once, one does it.
 * @throws AppError UNREACHABLE, UNAUTHORIZED, WORKSPACE_NOT_FOUND, WORKSPACE_UNUSABLE.
 */
export async function openPostgres(address: string, migrations = ourMigrations): Promise<Kysely<Tables>> {
  const database = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: await createPostgresPool(address) }) });
  try {
    await beyondChanges(async () => await bringUpToDate(database, migrations, address));
    return database;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

/** What PostgreSQL says of a column or table that another process took away at the moment at which somebody listed them all. */
const goneMeanwhile = new Set(['42703', '42P01']);
const tries = 20;

/** Whoever opens a database while another process brings it up to date may see its tables change. */
async function beyondChanges(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === tries || !goneMeanwhile.has((error as { code?: string }).code ?? '')) throw error;
      await sleep(100);
    }
  }
}

async function bringUpToDate(
  database: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
  address: string,
): Promise<void> {
  const last = Object.keys(migrations).sort().at(-1) ?? '';
  const current = await currentMigration(database, address);
  if (current === last) return;
  if (current !== undefined && migrations[current] === undefined)
    throw new AppError(
      'WORKSPACE_UNUSABLE',
      `${shownDatabase(address)} was made by another Terroir (it is at \`${current}\`)`,
      {
        hint: 'Update Terroir, or use another database.',
      },
    );
  await migrate(migrations, address);
}

/** With connections of its own: on a database that is full, one statement may take minutes. */
async function migrate(migrations: Readonly<Record<string, Migration>>, address: string): Promise<void> {
  const { Migrator } = await import('kysely/migration');
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const pool = await createPostgresPool(address, { isPatient: true });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    const { error } = await new Migrator({ db, provider }).migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

async function currentMigration(database: Kysely<Tables>, address: string): Promise<string | undefined> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) {
    // Another process may be at work on an empty one.
    const other = tables.find(
      ({ schema, isView, name }) => schema === 'public' && !isView && !name.startsWith('kysely_'),
    );
    if (other === undefined) return undefined;
    throw new AppError(
      'WORKSPACE_UNUSABLE',
      `${shownDatabase(address)} belongs to something else (it has a table \`${other.name}\`)`,
      { hint: 'Use a database that is empty: `createdb --template template0 --locale C --encoding UTF8 NAME`.' },
    );
  }
  const rows = database.withTables<{ kysely_migration: { name: string } }>();
  const { name } = await rows
    .selectFrom('kysely_migration')
    .select(({ fn }) => fn.max('name').as('name'))
    .executeTakeFirstOrThrow();
  return name ?? undefined;
}

import { Kysely, PostgresDialect } from 'kysely';
import type { Migration } from 'kysely/migration';
import { AppError } from '../errors/index.ts';
import { migrations as ourMigrations } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Connections of one process; more only wait for one another's transactions. */
const connections = 10;
/** Milliseconds until a server that does not answer counts as gone. */
const patience = 10_000;
/** Numbers of the types `bigint` and `numeric`, which the driver gives as text: ours are all within what a number holds. */
const numbers = new Set<number>([20, 1700]);

/**
 * Opens a database of PostgreSQL, and brings it up to date; of many who do so at once, one does it.
 * @throws AppError UNREACHABLE, UNAUTHORIZED, WORKSPACE_NOT_FOUND, WORKSPACE_UNUSABLE.
 */
export async function openPostgres(address: string, migrations = ourMigrations): Promise<Kysely<Tables>> {
  const { pg } = await import('./pg.ts');
  const pool = new pg.Pool({
    connectionString: address,
    max: connections,
    connectionTimeoutMillis: patience,
    application_name: 'terroir',
    types: {
      getTypeParser: ((oid: Parameters<typeof pg.types.getTypeParser>[0], format) =>
        numbers.has(oid) ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks while nobody uses it is made again.
  pool.on('error', () => undefined);
  const database = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await bringUpToDate(database, migrations, address);
    return database;
  } catch (error) {
    await database.destroy();
    throw explain(error, address);
  }
}

async function bringUpToDate(
  database: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
  address: string,
): Promise<void> {
  const last = Object.keys(migrations).sort().at(-1) ?? '';
  const current = await currentMigration(database);
  if (current === last) return;
  if (current !== undefined && migrations[current] === undefined)
    throw new AppError(
      'WORKSPACE_UNUSABLE',
      `${shown(address)} was made by another Terroir (it is at \`${current}\`)`,
      {
        hint: 'Update Terroir, or use another database.',
      },
    );
  const { Migrator } = await import('kysely/migration');
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}

async function currentMigration(database: Kysely<Tables>): Promise<string | undefined> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return undefined;
  const rows = database.withTables<{ kysely_migration: { name: string } }>();
  const { name } = await rows
    .selectFrom('kysely_migration')
    .select(({ fn }) => fn.max('name').as('name'))
    .executeTakeFirstOrThrow();
  return name ?? undefined;
}

function explain(error: unknown, address: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code === '28P01' || code === '28000')
    return new AppError('UNAUTHORIZED', `${shown(address)} refuses the log-in: ${message}`, {
      hint: 'Check user and password in TERROIR_DATABASE (or PGPASSWORD, or `~/.pgpass`).',
      cause: error,
    });
  if (code === '3D000')
    return new AppError('WORKSPACE_NOT_FOUND', `${shown(address)} is not there: ${message}`, {
      hint: 'Make it: `createdb --template template0 --locale C --encoding UTF8 NAME`.',
      cause: error,
    });
  if (/^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|57P0)/.test(code) || /timeout/.test(message))
    return new AppError('UNREACHABLE', `${shown(address)} cannot be reached: ${message}`, {
      hint: 'Check that the server runs, and the address in TERROIR_DATABASE.',
      cause: error,
    });
  return error;
}

/** Without user and password. */
function shown(address: string): string {
  const { host, pathname } = URL.parse(address) ?? { host: '', pathname: '' };
  return `the database \`${host}${pathname}\``;
}

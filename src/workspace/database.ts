import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { AppError } from '../errors/index.ts';
import { ensureFolder, networkFileSystem, statIfExists, withFileLock } from '../io/index.ts';
import { explainDatabaseError } from './database-errors.ts';
import { migrations as ourMigrations } from './migrations.ts';
import { SqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** Milliseconds that opening waits inside SQLite for others that open, repair or migrate. */
const openTimeout = 5000;
/** Milliseconds that a statement waits inside SQLite; the dialect does the rest of the waiting without blocking the process. */
const statementTimeout = 15;

/**
 * Opens the workspace's database, makes it where it is missing, and brings an older one up to date. One that is up to date is only read.
 * @throws AppError WORKSPACE_UNUSABLE, CORRUPT_STORE, PERMISSION_DENIED, DISK_FULL.
 */
export async function openDatabase(folder: string, migrations = ourMigrations): Promise<Kysely<Tables>> {
  await prepareFolder(folder);
  const file = join(folder, 'workspace.db');
  let connection: DatabaseSync | undefined;
  try {
    const opened = connect(file);
    connection = opened;
    const last = Object.keys(migrations).sort().at(-1) ?? '';
    const current = currentMigration(opened);
    if (current !== undefined && migrations[current] === undefined) throw unknownState(folder, current, last);
    const database = new Kysely<Tables>({ dialect: new SqliteDialect(opened, file) });
    if (current !== last || journalMode(opened) !== 'wal') {
      await withFileLock(join(folder, 'locks', 'migrate'), () => bringUpToDate(opened, database, migrations));
    }
    opened.exec(`pragma busy_timeout = ${statementTimeout}`);
    return database;
  } catch (error) {
    connection?.close();
    throw explainDatabaseError(error, file);
  }
}

async function prepareFolder(folder: string): Promise<void> {
  if ((await statIfExists(folder))?.isDirectory() === false) {
    throw new AppError('WORKSPACE_UNUSABLE', `\`${folder}\` cannot be a workspace: it is a file`, {
      hint: 'Name a folder (`--workspace` or TERROIR_WORKSPACE).',
    });
  }
  await ensureFolder(folder);
  const kind = networkFileSystem(folder);
  if (kind === undefined) return;
  throw new AppError(
    'WORKSPACE_UNUSABLE',
    `the workspace \`${folder}\` is on a network file system (${kind}), and a database there gets damaged`,
    { hint: 'Use a folder on a local disk (`--workspace` or TERROIR_WORKSPACE).' },
  );
}

/** A database that we do not know must not be touched: its last migration is newer than this program, or of a trial that was never released. */
function unknownState(folder: string, current: string, last: string): AppError {
  return new AppError(
    'WORKSPACE_UNUSABLE',
    `the workspace \`${folder}\` was made by ${current > last ? 'a newer' : 'an unreleased'} Terroir (its database is at \`${current}\`, this one knows \`${last}\`)`,
    {
      hint:
        current > last
          ? 'Update Terroir, or use another workspace.'
          : 'Use another workspace, or move this one away to begin with an empty one.',
    },
  );
}

function connect(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { timeout: openTimeout, enableForeignKeyConstraints: true });
  try {
    // What is purged shall be gone from the file, too.
    connection.exec('pragma synchronous = normal; pragma temp_store = memory; pragma secure_delete = on');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function journalMode(connection: DatabaseSync): unknown {
  return connection.prepare('pragma journal_mode').get()?.journal_mode;
}

function currentMigration(connection: DatabaseSync): string | undefined {
  const tables = connection.prepare("select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'");
  if (tables.get() === undefined) return undefined;
  const name = connection.prepare('select max(name) as name from kysely_migration').get()?.name;
  return typeof name === 'string' ? name : undefined;
}

/** All or nothing: whoever is killed in here leaves the database as it was. */
async function bringUpToDate(
  connection: DatabaseSync,
  database: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  // Loaded only where there is something to do: most commands find a database that is up to date.
  const { Migrator } = await import('kysely/migration');
  connection.exec('pragma journal_mode = wal');
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}

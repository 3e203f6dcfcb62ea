import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { AppError } from '../errors/index.ts';
import { fsErrorToAppError, withFileLock } from '../io/index.ts';
import { migrations } from './migrations.ts';
import { SqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** File systems on which SQLite's locks cannot be trusted, by the magic numbers of statfs(2). */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x65735546: 'FUSE',
  0x01021997: '9p',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
};

/** Opens the workspace's database, makes it where it is missing, and brings an older one up to date. */
export async function openDatabase(folder: string): Promise<Kysely<Tables>> {
  const file = join(folder, 'workspace.db');
  prepareFolder(folder);
  const connection = connect(file);
  const database = new Kysely<Tables>({ dialect: new SqliteDialect(connection) });
  try {
    const last = Object.keys(migrations).sort().at(-1) ?? '';
    const current = currentMigration(connection);
    if (current !== undefined && current > last) {
      throw new AppError('WORKSPACE_NOT_FOUND', `the workspace \`${folder}\` was made by a newer Terroir (its database is at \`${current}\`, this one knows \`${last}\`)`, {
        hint: 'Update Terroir, or use another workspace.',
      });
    }
    if (current !== last) await withFileLock(join(folder, 'locks', 'migrate'), () => migrate(database));
    return database;
  } catch (error) {
    await database.destroy();
    throw explain(error, file);
  }
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(join(folder, 'locks'), { recursive: true });
    const kind = networkFileSystems[statfsSync(folder).type >>> 0];
    if (kind !== undefined) {
      throw new AppError('WORKSPACE_NOT_FOUND', `the workspace \`${folder}\` is on a network file system (${kind}), and a database there gets damaged`, {
        hint: 'Use a folder on a local disk (TERROIR_WORKSPACE or --workspace).',
      });
    }
  } catch (error) {
    throw fsErrorToAppError(error, `use the workspace \`${folder}\``);
  }
}

function connect(file: string): DatabaseSync {
  try {
    const connection = new DatabaseSync(file, { timeout: 100 });
    connection.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma temp_store = memory');
    return connection;
  } catch (error) {
    throw explain(error, file);
  }
}

function currentMigration(connection: DatabaseSync): string | undefined {
  const table = connection.prepare("select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'").get();
  if (table === undefined) return undefined;
  return connection.prepare('select name from kysely_migration order by name desc limit 1').get()?.name as string | undefined;
}

async function migrate(database: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

function explain(error: unknown, file: string): unknown {
  const code = (error as { errcode?: number }).errcode;
  if (error instanceof AppError || code === undefined) return error;
  const primary = code & 0xff;
  if (primary === 11 || primary === 26) {
    return new AppError('CORRUPT_STORE', `the database \`${file}\` is damaged`, { hint: 'Restore it from a backup, or move it away to begin with an empty workspace.', cause: error });
  }
  if (primary === 8 || primary === 14 || primary === 23) {
    return new AppError('PERMISSION_DENIED', `the database \`${file}\` cannot be written`, { hint: 'Check its owner and mode, or use another workspace (--workspace).', cause: error });
  }
  if (primary === 13) return new AppError('DISK_FULL', `cannot write \`${file}\`: the disk is full`, { hint: 'Free some space and try again.', cause: error });
  return error;
}

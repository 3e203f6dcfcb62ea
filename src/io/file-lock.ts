import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../errors/index.ts';
import { sleep } from './clock.ts';
import { ensureFolder } from './files.ts';

export interface FileLockOptions {
  /** Others who say so too may hold it at the same time. */
  shared?: boolean;
  /** Milliseconds until `BUSY`; without it, waits for ever. */
  timeout?: number;
  signal?: AbortSignal;
  /** Called once, when the lock is not free at the first try. */
  onWait?: () => void;
}

/**
 * Runs `work` while no other process (and no other caller in this one) holds the lock at `path`.
 * The lock is SQLite's own lock on an empty file: the kernel frees it when the holder dies, however it dies.
 * @throws AppError BUSY after `timeout`.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, options: FileLockOptions = {}): Promise<T> {
  await ensureFolder(dirname(path));
  const database = open(path);
  try {
    await acquire(database, path, options);
    return await work();
  } finally {
    database.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw asFull(error, path);
  }
}

/** SQLite's result codes of a disk that takes nothing any more. */
const full = new Set([10, 13]);

function asFull(error: unknown, path: string): unknown {
  if (!full.has(codeOf(error) & 0xff)) return error;
  return new AppError('DISK_FULL', `cannot lock \`${path}\`: the disk is full`, {
    hint: 'Free some space and repeat the command.',
    cause: error,
  });
}

function codeOf(error: unknown): number {
  return (error as { errcode?: number }).errcode ?? 0;
}

async function acquire(database: DatabaseSync, path: string, options: FileLockOptions): Promise<void> {
  const startedAt = Date.now();
  for (let attempt = 0; ; attempt += 1) {
    if (tryAcquire(database, path, options.shared === true)) return;
    if (attempt === 0) options.onWait?.();
    if (options.timeout !== undefined && Date.now() - startedAt >= options.timeout) {
      throw new AppError('BUSY', `another process holds \`${path}\``, {
        hint: 'Wait until it has finished, or end it, and try again.',
      });
    }
    await sleep(Math.min(10 + attempt * 10, 200), options.signal);
  }
}

function tryAcquire(database: DatabaseSync, path: string, shared: boolean): boolean {
  try {
    // A transaction that has read holds SQLite's shared lock.
    database.exec(shared ? 'BEGIN; SELECT 1 FROM sqlite_master' : 'BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (codeOf(error) !== 5) throw asFull(error, path);
    if (shared) database.exec('ROLLBACK');
    return false;
  }
}

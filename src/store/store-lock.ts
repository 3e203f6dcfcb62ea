import { join } from 'node:path';
import { type FileLockOptions, withFileLock } from '../io/index.ts';

/** So long `gc` waits for those who install before it says that it cannot begin; in milliseconds. */
const patience = 30_000;

/**
 * Runs `work` while nobody collects garbage. Many may do so at once. Whoever puts things into the store and then relies on them (from the first
 * look to the last link) holds this; what a process finds without it may be gone the next moment, and is then fetched again.
 */
export async function whileInstalling<T>(
  root: string,
  work: () => Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  return await withFileLock(lockFile(root), work, { ...options, shared: true });
}

/** Runs `work` while nobody installs. @throws AppError BUSY if somebody does for long. */
export async function whileNobodyInstalls<T>(root: string, work: () => Promise<T>): Promise<T> {
  return await withFileLock(lockFile(root), work, { timeout: patience });
}

function lockFile(root: string): string {
  return join(root, 'locks', 'store');
}

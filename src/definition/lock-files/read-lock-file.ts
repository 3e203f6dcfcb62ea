import type { SourceDocument } from '../../documents/index.ts';
import type { ListedLock } from '../../schema/index.ts';
import { readCondaLock } from './read-conda-lock.ts';
import { readExplicit } from './read-explicit.ts';
import { readPylock } from './read-pylock.ts';

export interface LockFileRead {
  lock: ListedLock;
  /** What is left out, and where it stands. */
  warnings: { offset: number; message: string; hint?: string }[];
}

/** Reads a lock file of another tool. @throws AppError INVALID_DEFINITION with every problem and its place. */
export function readLockFile(source: SourceDocument, format: ListedLock['format']): LockFileRead {
  switch (format) {
    case 'explicit':
      return readExplicit(source);
    case 'conda-lock':
      return readCondaLock(source);
    case 'pylock':
      return readPylock(source);
  }
}

import { AppError } from '../errors/index.ts';

/** SQLite's result codes that mean something to the user; the lower byte of an extended code. */
const sqlite = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  auth: 23,
  notADatabase: 26,
};

/** An error of the database as the user should read it; anything else comes back unchanged. */
export function explainDatabaseError(error: unknown, file: string): unknown {
  const code = primaryCode(error);
  if (code === sqlite.corrupt || code === sqlite.notADatabase) {
    return new AppError('CORRUPT_STORE', `the database \`${file}\` is damaged`, {
      hint: 'Restore it from a backup, or move it away to begin with an empty workspace.',
      cause: error,
    });
  }
  if (code === sqlite.readOnly || code === sqlite.cannotOpen || code === sqlite.auth) {
    return new AppError('PERMISSION_DENIED', `the database \`${file}\` cannot be opened or written`, {
      hint: 'Check owner and mode of the file and its folder, or use another workspace (`--workspace`).',
      cause: error,
    });
  }
  if (code === sqlite.full) {
    return new AppError('DISK_FULL', `cannot write \`${file}\`: the disk is full`, {
      hint: 'Free some space and repeat the command; nothing half-written was kept.',
      cause: error,
    });
  }
  if (code === sqlite.ioError) {
    // A full disk says so only where SQLite writes a page; the files beside the database fail like this.
    return new AppError('DISK_FULL', `the disk does not take or give what belongs to \`${file}\``, {
      hint: 'Look for free space and at the state of the disk, and repeat the command; nothing half-written was kept.',
      cause: error,
    });
  }
  if (isBusy(error)) {
    return new AppError('BUSY', `other processes hold the database \`${file}\``, {
      hint: 'Wait until they have finished, or end them, and try again.',
      cause: error,
    });
  }
  return error;
}

/** Another connection is writing. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === sqlite.busy || code === sqlite.locked;
}

/** A unique or primary key is taken, as SQLite and PostgreSQL say it. */
export function isUniqueViolation(error: unknown): boolean {
  const code = extendedCode(error);
  return code === 2067 || code === 1555 || code === '23505';
}

/** PostgreSQL gave up a transaction because of another one, and says to try again: `serialization_failure`, `deadlock_detected`. */
export function isSerializationFailure(error: unknown): boolean {
  const code = extendedCode(error);
  return code === '40001' || code === '40P01';
}

/** A row that another one refers to is not there, or is still referred to. */
export function isForeignKeyViolation(error: unknown): boolean {
  const code = extendedCode(error);
  return code === 787 || code === '23503';
}

function primaryCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return typeof code === 'number' ? code & 0xff : undefined;
}

function extendedCode(error: unknown): number | string | undefined {
  if (!(error instanceof Error) || error instanceof AppError) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

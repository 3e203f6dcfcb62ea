import { expect, it } from 'vitest';
import { explainDatabaseError } from './database-errors.ts';

it.each([
  [13, 'DISK_FULL'],
  // SQLITE_IOERR_SHMSIZE: what a full disk ends a new database in WAL mode with.
  [4874, 'DISK_FULL'],
  [14, 'PERMISSION_DENIED'],
  [11, 'CORRUPT_STORE'],
])('SQLite’s %i is %s', (errcode, code) => {
  const error = Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode });
  expect(explainDatabaseError(error, '/w/workspace.db')).toMatchObject({ code, cause: error });
});

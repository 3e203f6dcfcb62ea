import { AppError } from '../errors/index.ts';
import { limits } from './limits.ts';
import { neverIncluded } from './never-included.ts';
import { checkEntries } from './restore-snapshot.ts';
import type { SnapshotEntry } from './snapshot-entry.ts';

/**
 * Holds a snapshot that came from elsewhere to the rules that one from a folder is made by.
 * @throws AppError SNAPSHOT_TOO_LARGE, HOSTILE_ARCHIVE, USAGE.
 */
export function checkUploadedSnapshot(entries: readonly SnapshotEntry[]): void {
  const size = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
  if (size > limits.size || entries.length > limits.files) {
    throw new AppError(
      'SNAPSHOT_TOO_LARGE',
      `the code has ${entries.length} files and ${size} bytes; at most ${limits.files} and ${limits.size} are allowed`,
    );
  }
  // Any folder does: the paths are relative to it.
  checkEntries(entries, '/snapshot');
  const secret = entries.find(({ path }) => path.split('/').some((name) => neverIncluded(name) !== undefined));
  if (secret === undefined) return;
  throw new AppError(
    'USAGE',
    `\`${secret.path}\` is never part of a snapshot: it holds secrets, or is made by a tool`,
    {
      hint: 'Leave it out; secrets go into `secrets`.',
    },
  );
}

import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { isInside, resolveInside, withFsErrors, writeAtomically } from '../io/index.ts';
import type { SnapshotEntry } from './snapshot.ts';

/** Lays a snapshot out as files that a script may change. `read` answers verified content by its digest. */
export async function restoreSnapshot(
  entries: readonly SnapshotEntry[],
  folder: string,
  read: (digest: string) => Promise<Uint8Array>,
): Promise<void> {
  for (const { path, type, executable, digest, target } of entries) {
    const absolute = resolveInside(folder, path);
    await withFsErrors(`make \`${dirname(absolute)}\``, () => mkdir(dirname(absolute), { recursive: true }));
    if (type === 'link') {
      if (target === undefined || target.startsWith('/') || !isInside(folder, resolve(dirname(absolute), target))) {
        throw new AppError('HOSTILE_ARCHIVE', `the snapshot’s link \`${path}\` points outside of its folder`);
      }
      await withFsErrors(`make the link \`${absolute}\``, () => symlink(target, absolute));
    } else {
      await writeAtomically(absolute, await read(digest));
      await chmod(absolute, executable ? 0o755 : 0o644);
    }
  }
}

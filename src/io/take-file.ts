import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fsErrorToAppError, withFsErrors } from './files.ts';

/** Why a hard link is not to be had here, although the file is there: another device, no such thing, not allowed, too many already. */
const linkRefusals: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Gives a file a second name. False where the file system refuses (then copy); true also if the name is taken. */
export async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await fs.mkdir(dirname(to), { recursive: true });
    await fs.link(from, to);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EEXIST') return true;
    if (linkRefusals.has(code)) return false;
    throw fsErrorToAppError(error, `link \`${from}\` to \`${to}\``);
  }
}

/**
 * Copies a file to a name of its own in `folder`: read-only, complete and on disk when this returns. The caller renames it to where it belongs,
 * or removes it. Copy-on-write where the file system has it.
 */
export async function copyAside(from: string, folder: string): Promise<string> {
  const temporary = join(folder, `${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  return await withFsErrors(`copy \`${from}\` to \`${folder}\``, async () => {
    await fs.mkdir(folder, { recursive: true });
    try {
      await fs.copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      const file = await fs.open(temporary, 'r');
      try {
        await file.chmod(0o444);
        await file.sync();
      } finally {
        await file.close();
      }
      return temporary;
    } catch (error) {
      await fs.rm(temporary, { force: true });
      throw error;
    }
  });
}

/** Makes a file count as used now, for whoever removes what is old; it may belong to somebody else. False if it is not there (any more). */
export async function touchFile(path: string): Promise<boolean> {
  const time = new Date();
  return await fs.utimes(path, time, time).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

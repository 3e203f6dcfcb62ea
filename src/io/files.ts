import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, type Dirent, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/index.ts';

/**
 * An error of the file system as the user should read it; anything else comes back unchanged.
 * `action` completes the sentence "cannot …": "write `x`".
 */
export function fsErrorToAppError(error: unknown, action: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof AppError || typeof code !== 'string') return error;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('DISK_FULL', `cannot ${action}: the disk is full`, {
        hint: 'Free some space (`terroir cache gc` removes what nothing needs) and try again.',
        cause: error,
      });
    case 'EFBIG':
      return new AppError('DISK_FULL', `cannot ${action}: the system lets no file be so large`, {
        hint: 'Look at `ulimit -f` and at the quotas of this account.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('PERMISSION_DENIED', `cannot ${action}: permission denied`, {
        hint: 'Check the owner and mode of the path; TERROIR_WORKSPACE and TERROIR_HOME move the workspace and the store elsewhere.',
        cause: error,
      });
    case 'ENOENT':
      return new AppError('FILE_NOT_FOUND', `cannot ${action}: no such file or folder`, { cause: error });
    case 'ENOTDIR':
      return new AppError('FILE_NOT_FOUND', `cannot ${action}: a part of the path is a file and no folder`, {
        hint: 'Check the path.',
        cause: error,
      });
    case 'EISDIR':
      return new AppError('FILE_NOT_FOUND', `cannot ${action}: it is a folder and no file`, {
        hint: 'Name a file.',
        cause: error,
      });
    case 'EEXIST':
      return new AppError('ALREADY_EXISTS', `cannot ${action}: there is something else of that name`, {
        hint: 'Take another path, or move what is there.',
        cause: error,
      });
    case 'ENAMETOOLONG':
      return new AppError('USAGE', `cannot ${action}: the path is too long`, {
        hint: 'Take a shorter one.',
        cause: error,
      });
    default:
      return new AppError('INTERNAL', `cannot ${action}: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs `work`, with errors of the file system turned into `AppError`s. */
export async function withFsErrors<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fsErrorToAppError(error, action);
  }
}

export async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fsErrorToAppError(error, `look at \`${path}\``);
  }
}

export async function pathExists(path: string): Promise<boolean> {
  return (await statIfExists(path)) !== undefined;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isDirectory() ?? false;
}

export async function readBytes(path: string): Promise<Buffer> {
  return await withFsErrors(`read \`${path}\``, () => fs.readFile(path));
}

export async function readBytesIfExists(path: string): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fsErrorToAppError(error, `read \`${path}\``);
  }
}

export async function readText(path: string): Promise<string> {
  return (await readBytes(path)).toString('utf8');
}

export async function readTextIfExists(path: string): Promise<string | undefined> {
  return (await readBytesIfExists(path))?.toString('utf8');
}

/** Writes the whole file or nothing: readers see the old content or the new. Missing folders are made. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number; durable?: boolean } = {},
): Promise<void> {
  await withFsErrors(`write \`${path}\``, async () => {
    await fs.mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      const file = await fs.open(temporary, 'wx', options.mode ?? 0o644);
      try {
        await file.writeFile(content);
        if (options.durable) await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(temporary, path);
    } catch (error) {
      await fs.rm(temporary, { force: true });
      throw error;
    }
  });
}

export async function ensureFolder(path: string): Promise<void> {
  await withFsErrors(`make the folder \`${path}\``, () => makeFolder(path));
}

/** Node's own recursion does not end where the system has no room for a folder in one that is there (`/proc`). */
async function makeFolder(path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (error) {
    if (isMissing(error) && dirname(path) !== path) {
      await makeFolder(dirname(path));
      // Somebody else may have made it meanwhile.
      await fs.mkdir(path).catch(async (failure: unknown) => await acceptFolder(path, failure));
    } else await acceptFolder(path, error);
  }
}

async function acceptFolder(path: string, failure: unknown): Promise<void> {
  const stats = await fs.stat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true) throw failure;
}

/** Sorted by name (UTF-16 code units), so that nothing depends on the file system's order. Empty if the folder does not exist. */
export async function listFolder(path: string): Promise<Dirent[]> {
  try {
    const entries = await fs.readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw fsErrorToAppError(error, `list \`${path}\``);
  }
}

/** Removes whatever is there, also from read-only folders. */
export async function removeTree(path: string): Promise<void> {
  await withFsErrors(`remove \`${path}\``, () => fs.rm(path, { recursive: true, force: true, maxRetries: 3 }));
}

export async function createTemporaryFolder(parent: string, prefix = 'tmp-'): Promise<string> {
  await ensureFolder(parent);
  return await withFsErrors(`make a folder in \`${parent}\``, async () => {
    const folder = await fs.mkdtemp(join(parent, prefix));
    // It gets its final name by a rename, and others may read it then.
    await fs.chmod(folder, 0o755);
    return folder;
  });
}

/** Renames; if the target exists already as a non-empty folder, answers false and leaves both as they are. */
export async function renameOver(from: string, to: string): Promise<boolean> {
  try {
    await fs.mkdir(dirname(to), { recursive: true });
    await fs.rename(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw fsErrorToAppError(error, `rename \`${from}\` to \`${to}\``);
  }
}

/** SHA-256 (hex) and size of a file, read as a stream. */
export async function hashFile(path: string): Promise<{ sha256: string; size: number }> {
  return await withFsErrors(`read \`${path}\``, async () => {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    return { sha256: hash.digest('hex'), size };
  });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

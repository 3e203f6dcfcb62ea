import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { chmod, constants, copyFile, symlink, writeFile } from 'node:fs/promises';
import { fsErrorToAppError, withFsErrors } from './files.ts';

export type EntryKind = 'file' | 'folder' | 'link' | 'other';

/** What tells whether a file may have changed since it was looked at. */
export interface FileFacts {
  kind: EntryKind;
  size: number;
  executable: boolean;
  /** Nanoseconds since 1970. */
  modified: bigint;
  changed: bigint;
  inode: bigint;
}

/**
 * The names in a folder and what they are, sorted (UTF-16 code units). Synchronous, like all that walks whole trees here: for ten thousand
 * files a tenth of the time. @throws AppError.
 */
export function readFolder(path: string): { name: string; kind: EntryKind }[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fsErrorToAppError(error, `list \`${path}\``);
  }
}

/** Links are not followed. Undefined if there is nothing. */
export function fileFacts(path: string): FileFacts | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return {
    kind: kindOf(stats),
    size: Number(stats.size),
    executable: (stats.mode & 0o111n) !== 0n,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
    inode: stats.ino,
  };
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** A small file's content; like the above, for many files. */
export function readSmallFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fsErrorToAppError(error, `read \`${path}\``);
  }
}

export function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    throw fsErrorToAppError(error, `read the link \`${path}\``);
  }
}

/** The path with all links resolved; undefined if it leads nowhere. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** Writes a file of the user's own at a path that must not exist, in a folder that does. */
export async function writeNewFile(
  path: string,
  content: Uint8Array,
  { executable }: { executable: boolean },
): Promise<void> {
  await withFsErrors(`write \`${path}\``, async () => {
    await writeFile(path, content, { flag: 'wx', mode: executable ? 0o755 : 0o644 });
  });
}

/** Copies a file to a path that must not exist, in a folder that does. The copy is the user's own: writable, and apart from the original. */
export async function copyOut(from: string, to: string, { executable }: { executable: boolean }): Promise<void> {
  await withFsErrors(`copy \`${from}\` to \`${to}\``, async () => {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(to, executable ? 0o755 : 0o644);
  });
}

/** Makes a symbolic link at a path that must not exist, in a folder that does. */
export async function makeLink(target: string, path: string): Promise<void> {
  await withFsErrors(`make the link \`${path}\``, async () => {
    await symlink(target, path);
  });
}

import { dirname, isAbsolute, join, posix } from 'node:path';
import { AppError } from '../errors/index.ts';
import {
  copyOut,
  ensureFolder,
  hashFile,
  inParallel,
  isInside,
  listFolder,
  makeLink,
  realPath,
  removeTree,
  resolveInside,
  writeNewFile,
} from '../io/index.ts';
import type { SnapshotEntry } from './snapshot-entry.ts';

/** Where the contents of a snapshot are. */
interface KeptContent {
  /** Verified. @throws AppError CORRUPT_STORE. */
  read(digest: string): Promise<Uint8Array>;
  /** A file with it. */
  find(digest: string): Promise<string | undefined>;
}

const parallel = 8;
const inMemory = 1 << 20;

/**
 * Lays a snapshot out in a folder that is empty or missing. Files are copies that may be changed. After an error the folder is gone.
 * @throws AppError CORRUPT_STORE if content is missing or altered, HOSTILE_ARCHIVE for a path that leads out, ALREADY_EXISTS.
 */
export async function restoreSnapshot(
  entries: readonly SnapshotEntry[],
  blobs: KeptContent,
  folder: string,
): Promise<void> {
  checkEntries(entries, folder);
  if ((await listFolder(folder)).length > 0) throw new AppError('ALREADY_EXISTS', `\`${folder}\` is not empty`);
  await ensureFolder(folder);
  try {
    await layOut(entries, blobs, folder);
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
}

async function layOut(entries: readonly SnapshotEntry[], blobs: KeptContent, folder: string): Promise<void> {
  const files = entries.filter((entry) => entry.type === 'file');
  const links = entries.filter((entry) => entry.type === 'link');
  const folders = new Set(entries.map(({ path }) => dirname(join(folder, path))));
  for (const below of folders) await ensureFolder(below);
  await inParallel(files, parallel, async (entry) => await layOutFile(entry, blobs, join(folder, entry.path)));
  // Links come last, so that no file is written through one.
  for (const { path, target } of links) await makeLink(target, join(folder, path));
  const realFolder = realPath(folder) ?? folder;
  for (const { path } of links) {
    const real = realPath(join(folder, path));
    if (real !== undefined && !isInside(realFolder, real)) throw leadsOut(path);
  }
}

/** Small files are verified on the way, large ones once they lie there. */
async function layOutFile(entry: SnapshotEntry & { type: 'file' }, blobs: KeptContent, path: string): Promise<void> {
  if (entry.size <= inMemory) return await writeNewFile(path, await blobs.read(entry.digest), entry);
  const file = await blobs.find(entry.digest);
  if (file === undefined)
    throw new AppError(
      'CORRUPT_STORE',
      `the content of \`${entry.path}\` (${entry.digest}) is missing in the workspace`,
      { hint: 'Restore it from a backup.' },
    );
  await copyOut(file, path, entry);
  if ((await hashFile(path)).sha256 === entry.digest) return;
  throw new AppError('CORRUPT_STORE', `\`${file}\` was changed: its content is not what its name says`, {
    hint: 'Restore it from a backup; Terroir never writes it again.',
  });
}

/** Every path is plain and inside, stands there once, and is no folder of another one; every link points inside. @throws AppError HOSTILE_ARCHIVE. */
export function checkEntries(entries: readonly SnapshotEntry[], folder: string): void {
  const paths = new Set<string>();
  for (const { path } of entries) {
    resolveInside(folder, path);
    if (posix.normalize(path) !== path || path === '.' || path.endsWith('/') || paths.has(path)) {
      throw new AppError('HOSTILE_ARCHIVE', `the snapshot has an odd path: \`${path}\``);
    }
    paths.add(path);
  }
  for (const entry of entries) {
    for (let above = dirname(entry.path); above !== '.'; above = dirname(above)) {
      if (paths.has(above))
        throw new AppError('HOSTILE_ARCHIVE', `\`${entry.path}\` of the snapshot lies below a file or a link`);
    }
    if (
      entry.type === 'link' &&
      (isAbsolute(entry.target) || !isInside(folder, join(folder, dirname(entry.path), entry.target)))
    )
      throw leadsOut(entry.path);
  }
}

function leadsOut(path: string): AppError {
  return new AppError('HOSTILE_ARCHIVE', `the link \`${path}\` of the snapshot leads out of its folder`);
}

import { chmod, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, isAppError } from '../errors/index.ts';
import {
  ensureFolder,
  fsErrorToAppError,
  hashFile,
  removeTree,
  statIfExists,
  touchFile,
  withFileLock,
  withFsErrors,
} from '../io/index.ts';
import { compareFile } from './compare-file.ts';
import { readCondaIndex } from './conda/conda-index.ts';
import { type CondaFiles, type CondaQuestion, readCondaFiles } from './conda/read-conda-files.ts';
import { discard } from './discard.ts';
import { collectGarbage, sweep } from './gc.ts';
import { whileInstalling, whileNobodyInstalls } from './store-lock.ts';
import { measureTree, type TreeSize } from './tree-size.ts';
import { createUnpackPool, type UnpackPool } from './unpack-pool.ts';
import type { UnpackedConda } from './unpacked-conda.ts';
import { readWheelIndex, type UnpackedWheel } from './unpacked-wheel.ts';
import { verifyStore, verifyUnpacked } from './verify.ts';

export interface StoreSummary {
  root: string;
  archives: TreeSize;
  unpacked: TreeSize;
  prefixes: TreeSize;
  /** What conda channels offer. */
  channels: TreeSize;
  /** What the solver said of them. */
  answers: TreeSize;
}

export interface GcOptions {
  /** Archives (and what was unpacked from them) that stay whatever their age. */
  keepArchives: ReadonlySet<string>;
  /** Things that were used within so many days stay. */
  olderThanDays: number;
  dryRun?: boolean;
}

export interface ArchiveWanted {
  sha256: string;
  size?: number;
  filename: string;
}

export interface Store {
  readonly root: string;
  archivePath(sha256: string): string;
  hasArchive(sha256: string): Promise<boolean>;
  /**
   * Makes sure that an archive is there. `fetch` writes it to the file that it is given (what an earlier try left there is kept for it);
   * the bytes are verified before they count. One process fetches, the others wait.
   * @throws AppError DIGEST_MISMATCH, and what `fetch` throws.
   */
  ensureArchive(
    wanted: ArchiveWanted,
    fetch: (file: string) => Promise<void>,
  ): Promise<{ path: string; outcome: 'cached' | 'fetched' }>;
  /** Takes a file in by moving it (it was built, or came with the definition). */
  addArchive(file: string): Promise<{ sha256: string; size: number }>;
  findWheel(sha256: string): Promise<UnpackedWheel | undefined>;
  /**
   * The wheel, unpacked; from an archive that is there. One process unpacks, the others wait.
   * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_WHEEL; CORRUPT_STORE if the archive was damaged here. In every case it is dropped.
   */
  ensureWheel(sha256: string, filename: string): Promise<UnpackedWheel>;
  findConda(sha256: string): Promise<UnpackedConda | undefined>;
  /**
   * The conda package, unpacked; from an archive that is there. One process unpacks, the others wait. `filename` as the channel has it.
   * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_PACKAGE; CORRUPT_STORE as above.
   */
  ensureConda(sha256: string, filename: string): Promise<UnpackedConda>;
  /**
   * Files of a conda package from its archive, which is there, before it is unpacked.
   * @throws as `ensureConda`; the signal's reason.
   */
  readConda(sha256: string, question: CondaQuestion): Promise<CondaFiles>;
  /** What became of an archive that was refused: it goes. @throws AppError CORRUPT_STORE if it was a good one before it was damaged here. */
  dropRefused(refusal: { sha256: string; filename: string; cause: unknown }): Promise<void>;
  /** Reads archives and what was unpacked of them again, and drops what is damaged, so that it is brought again. Answers which were damaged. */
  dropDamaged(archives: readonly string[]): Promise<string[]>;
  /** Runs `work` while no `gc` can remove anything. Whoever relies on what the store has, until it is linked, holds this. */
  whileInstalling<T>(work: () => Promise<T>, options?: { signal?: AbortSignal; onWait?: () => void }): Promise<T>;
  /** Runs `work` while nobody installs. @throws AppError BUSY if somebody does for half a minute and longer. */
  whileNobodyInstalls<T>(work: () => Promise<T>): Promise<T>;
  describe(): Promise<StoreSummary>;
  /** Reads everything again. With `repair` what is damaged goes, so that the next use brings it back. */
  verify(options: {
    repair: boolean;
    signal?: AbortSignal;
    onProgress?: (checked: number) => void;
  }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
  /** Removes what nobody keeps and nobody used lately. @throws AppError BUSY while somebody installs, for half a minute and longer. */
  gc(options: GcOptions): Promise<{ removed: { count: number; bytes: number } }>;
}

/** What a bad archive is called, be it bad from the beginning or damaged here. */
const refusals = ['CORRUPT_ARCHIVE', 'HOSTILE_ARCHIVE', 'INVALID_PACKAGE', 'INVALID_WHEEL'] as const;

function isRefusal(error: unknown): boolean {
  return refusals.some((code) => isAppError(error, code));
}

/** Another process, which unpacked it first, refused it. */
function goneArchive(filename: string): AppError {
  return new AppError('CORRUPT_STORE', `the archive of \`${filename}\` is not in the store any more`, {
    hint: 'Another process dropped it, as it does with what it refuses. Run the command again: it is fetched again, and you hear why.',
  });
}

export function createStore({ root, threads }: { root: string; threads?: number }): Store {
  const pool = createUnpackPool(threads);
  const shelf = (kind: 'archives' | 'unpacked', sha256: string): string => join(root, kind, sha256.slice(0, 2), sha256);
  const archivePath = (sha256: string): string => shelf('archives', sha256);
  const hasArchive = async (sha256: string): Promise<boolean> =>
    (await statIfExists(archivePath(sha256)))?.isFile() ?? false;
  const lock = async <T>(name: string, work: () => Promise<T>): Promise<T> =>
    await withFileLock(join(root, 'locks', name), work);

  const findWheel = async (sha256: string): Promise<UnpackedWheel | undefined> => {
    const wheel = readWheelIndex(shelf('unpacked', sha256));
    return wheel?.sha256 === sha256 ? wheel : undefined;
  };
  const findConda = async (sha256: string): Promise<UnpackedConda | undefined> => {
    const conda = readCondaIndex(shelf('unpacked', sha256));
    return conda?.sha256 === sha256 ? conda : undefined;
  };
  /** What `find` finds, or else what `work` makes, by one process. */
  const ensure = async <T>(
    { sha256, filename, find }: { sha256: string; filename: string; find: (sha256: string) => Promise<T | undefined> },
    work: UnpackPool['unpackWheel'],
  ): Promise<T> =>
    (await find(sha256)) ??
    (await lock(`unpack-${sha256}`, async () => {
      const found = await find(sha256);
      if (found !== undefined) return found;
      await unpack({ sha256, filename }, work);
      const made = await find(sha256);
      if (made !== undefined) return made;
      throw new AppError('CORRUPT_STORE', `\`${shelf('unpacked', sha256)}\` cannot be read back`, {
        hint: 'Try again; if it happens again, check the disk.',
      });
    }));
  const unpack = async (
    { sha256, filename }: { sha256: string; filename: string },
    work: UnpackPool['unpackWheel'],
  ): Promise<void> => {
    const archive = archivePath(sha256);
    const folder = shelf('unpacked', sha256);
    if (!(await hasArchive(sha256))) throw goneArchive(filename);
    // Only who holds the lock comes here: what stands there was left by a process that died.
    const temporary = join(root, 'tmp', `unpack-${sha256}`);
    await removeTree(temporary);
    await withFsErrors(`make the folder \`${temporary}\``, async () => await mkdir(temporary, { recursive: true }));
    try {
      await work({ archive, folder: temporary, sha256, filename }, (await statIfExists(archive))?.size ?? 0);
      await discard(root, folder);
      await withFsErrors(`keep \`${folder}\``, async () => {
        await mkdir(dirname(folder), { recursive: true });
        await rename(temporary, folder);
      });
    } catch (error) {
      if (isRefusal(error)) await dropRefused({ sha256, filename, cause: error });
      throw error;
    } finally {
      await removeTree(temporary);
    }
  };
  const dropRefused: Store['dropRefused'] = async ({ sha256, filename, cause }) => {
    const archive = archivePath(sha256);
    // Who comes second finds nothing to drop, and says what it found itself.
    const isSound = !(await hasArchive(sha256)) || compareFile(archive, sha256) === undefined;
    await discard(root, archive);
    if (isSound) return;
    throw new AppError('CORRUPT_STORE', `the archive of \`${filename}\` was damaged on this machine`, {
      hint: 'It was dropped; run the command again to fetch it again.',
      cause,
    });
  };

  return {
    root,
    archivePath,
    hasArchive,
    findWheel,
    findConda,
    ensureArchive: async (wanted, fetch) => {
      const path = archivePath(wanted.sha256);
      const cached = async (): Promise<{ path: string; outcome: 'cached' }> => {
        await touchFile(path);
        return { path, outcome: 'cached' };
      };
      if (await hasArchive(wanted.sha256)) return await cached();
      return await lock(`archive-${wanted.sha256}`, async () => {
        if (await hasArchive(wanted.sha256)) return await cached();
        const partial = join(root, 'tmp', `archive-${wanted.sha256}`);
        await ensureFolder(dirname(partial));
        await ensureFolder(dirname(path));
        if (!(await isComplete(partial, wanted))) await fetch(partial).catch(explainFull(wanted.filename));
        await takeIn(partial, path, wanted);
        return { path, outcome: 'fetched' as const };
      });
    },
    addArchive: async (file) => {
      const { sha256, size } = await hashFile(file);
      if (!(await hasArchive(sha256))) await settle(file, archivePath(sha256));
      return { sha256, size };
    },
    ensureWheel: async (sha256, filename) => await ensure({ sha256, filename, find: findWheel }, pool.unpackWheel),
    ensureConda: async (sha256, filename) => await ensure({ sha256, filename, find: findConda }, pool.unpackConda),
    readConda: async (sha256, question) => {
      const { filename } = question;
      if (!(await hasArchive(sha256))) throw goneArchive(filename);
      try {
        return await readCondaFiles(archivePath(sha256), question, join(root, 'tmp'));
      } catch (error) {
        if (isRefusal(error)) await dropRefused({ sha256, filename, cause: error });
        throw error;
      }
    },
    dropRefused,
    dropDamaged: async (archives) => {
      const dropped: string[] = [];
      for (const sha256 of archives) {
        const isDamaged = await lock(`unpack-${sha256}`, async () => {
          const archive = (await hasArchive(sha256)) && compareFile(archivePath(sha256), sha256) !== undefined;
          if (archive) await discard(root, archivePath(sha256));
          if ((await verifyUnpacked(shelf('unpacked', sha256), sha256)).length === 0) return archive;
          await discard(root, shelf('unpacked', sha256));
          return true;
        });
        if (isDamaged) dropped.push(sha256);
      }
      return dropped;
    },
    whileInstalling: async (work, options) => await whileInstalling(root, work, options),
    whileNobodyInstalls: async (work) => await whileNobodyInstalls(root, work),
    describe: async () => ({
      root,
      archives: await measureTree(join(root, 'archives'), 2),
      unpacked: await measureTree(join(root, 'unpacked'), 2),
      // A prefix's hard links are the store's bytes.
      prefixes: await measureTree(join(root, 'prefixes'), 1, { own: true }),
      channels: await measureTree(join(root, 'repodata'), 1),
      answers: await measureTree(join(root, 'answers'), 1),
    }),
    verify: async (options) => await verifyStore(root, options),
    gc: async (options) => {
      if (options.dryRun === true) return await collectGarbage(root, options);
      return await whileNobodyInstalls(root, async () => {
        await sweep(root);
        return await collectGarbage(root, options);
      });
    },
  };
}

/** What fetches may say so in its own words. */
function explainFull(filename: string): (error: unknown) => never {
  return (error) => {
    throw ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String((error as NodeJS.ErrnoException).code))
      ? fsErrorToAppError(error, `fetch \`${filename}\``)
      : error;
  };
}

/** A process that died between the last byte and the rename left all of it. */
async function isComplete(file: string, { sha256, size }: ArchiveWanted): Promise<boolean> {
  return size !== undefined && (await statIfExists(file))?.size === size && compareFile(file, sha256) === undefined;
}

async function takeIn(file: string, path: string, wanted: ArchiveWanted): Promise<void> {
  const { sha256, size } = await hashFile(file);
  if (sha256 !== wanted.sha256) {
    await rm(file, { force: true });
    throw new AppError(
      'DIGEST_MISMATCH',
      `\`${wanted.filename}\` has the digest ${sha256} (${size} bytes), and the lock says ${wanted.sha256}`,
      {
        hint: 'Whoever serves it changed it. Nothing was kept; do not use it before you know why.',
      },
    );
  }
  await settle(file, path);
}

async function settle(file: string, path: string): Promise<void> {
  await withFsErrors(`keep \`${path}\``, async () => {
    await mkdir(dirname(path), { recursive: true });
    await chmod(file, 0o444);
    await utimes(file, new Date(), new Date());
    await rename(file, path);
  });
}

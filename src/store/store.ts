import { chmod, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/index.ts';
import {
  createTemporaryFolder,
  ensureFolder,
  hashFile,
  readTextIfExists,
  removeTree,
  renameOver,
  statIfExists,
  withFileLock,
  withFsErrors,
} from '../io/index.ts';
import { collectGarbage, sweepTemporary } from './gc.ts';
import { measureTree, type TreeSize } from './tree-size.ts';
import { createUnpackPool } from './unpack-pool.ts';
import { UnpackedWheel } from './unpacked-wheel.ts';
import { verifyStore, verifyUnpacked } from './verify.ts';

export interface StoreSummary {
  root: string;
  archives: TreeSize;
  unpacked: TreeSize;
  prefixes: TreeSize;
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
  /** The wheel, unpacked; from an archive that is there. */
  ensureWheel(sha256: string, filename: string): Promise<UnpackedWheel>;
  /** Reads archives and what was unpacked of them again, and drops what is damaged, so that it is brought again. */
  dropDamaged(archives: readonly string[]): Promise<void>;
  describe(): Promise<StoreSummary>;
  /** Reads everything again. With `repair` what is damaged goes, so that the next use brings it back. */
  verify(options: {
    repair: boolean;
    signal?: AbortSignal;
    onProgress?: (checked: number) => void;
  }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
  gc(options: GcOptions): Promise<{ removed: { count: number; bytes: number } }>;
}

export function createStore({ root, threads }: { root: string; threads?: number }): Store {
  const pool = createUnpackPool(threads);
  const shelf = (kind: 'archives' | 'unpacked', sha256: string): string => join(root, kind, sha256.slice(0, 2), sha256);
  const archivePath = (sha256: string): string => shelf('archives', sha256);
  const hasArchive = async (sha256: string): Promise<boolean> =>
    (await statIfExists(archivePath(sha256)))?.isFile() ?? false;

  const findWheel = async (sha256: string): Promise<UnpackedWheel | undefined> => {
    const folder = shelf('unpacked', sha256);
    const text = await readTextIfExists(join(folder, 'index.json'));
    if (text === undefined) return undefined;
    try {
      return { ...(JSON.parse(text) as UnpackedWheel), folder: join(folder, 'files') };
    } catch {
      // A damaged index is like none: it is made again.
      await removeTree(folder);
      return undefined;
    }
  };
  const unpack = async (sha256: string, filename: string): Promise<UnpackedWheel> => {
    const temporary = await createTemporaryFolder(join(root, 'tmp'), 'unpack-');
    try {
      const wheel = await pool.unpack({ archive: archivePath(sha256), folder: temporary, sha256, filename });
      const folder = shelf('unpacked', sha256);
      await renameOver(temporary, folder);
      return { ...wheel, folder: join(folder, 'files') };
    } finally {
      await removeTree(temporary);
    }
  };

  return {
    root,
    archivePath,
    hasArchive,
    findWheel,
    ensureArchive: async (wanted, fetch) => {
      const path = archivePath(wanted.sha256);
      if (await hasArchive(wanted.sha256)) return { path, outcome: 'cached' };
      return await withFileLock(join(root, 'locks', `archive-${wanted.sha256}`), async () => {
        if (await hasArchive(wanted.sha256)) return { path, outcome: 'cached' as const };
        const partial = join(root, 'tmp', `archive-${wanted.sha256}`);
        await ensureFolder(dirname(partial));
        await fetch(partial);
        await takeIn(partial, path, wanted);
        return { path, outcome: 'fetched' as const };
      });
    },
    addArchive: async (file) => {
      const { sha256, size } = await hashFile(file);
      if (!(await hasArchive(sha256))) await settle(file, archivePath(sha256));
      return { sha256, size };
    },
    ensureWheel: async (sha256, filename) => {
      const known = await findWheel(sha256);
      if (known !== undefined) return known;
      return await withFileLock(join(root, 'locks', `unpack-${sha256}`), async () => {
        const wheel = (await findWheel(sha256)) ?? (await unpack(sha256, filename));
        return UnpackedWheel.parse(wheel);
      });
    },
    dropDamaged: async (archives) => {
      for (const sha256 of archives) {
        if ((await verifyUnpacked(shelf('unpacked', sha256))).length > 0) await removeTree(shelf('unpacked', sha256));
        if ((await hasArchive(sha256)) && (await hashFile(archivePath(sha256))).sha256 !== sha256)
          await removeTree(archivePath(sha256));
      }
    },
    describe: async () => ({
      root,
      archives: await measureTree(join(root, 'archives'), 2),
      unpacked: await measureTree(join(root, 'unpacked'), 2),
      prefixes: await measureTree(join(root, 'prefixes'), 1),
    }),
    verify: async (options) => await verifyStore(root, options),
    gc: async (options) => {
      if (options.dryRun !== true) await sweepTemporary(root);
      return await collectGarbage(root, options);
    },
  };
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
    await ensureFolder(dirname(path));
    await chmod(file, 0o444);
    await utimes(file, new Date(), new Date());
    await renameOver(file, path);
  });
}

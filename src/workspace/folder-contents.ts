import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import {
  copyAside,
  ensureFolder,
  hashFile,
  linkFile,
  listFolder,
  type ReceiveOptions,
  readBytesIfExists,
  receiveFile,
  removeTree,
  renameOver,
  statIfExists,
  touchFile,
  writeAtomically,
} from '../io/index.ts';
import { sha256 } from '../schema/index.ts';

/** Contents as files by their SHA-256. The layout is that of an OCI registry's blob store. */
export interface FolderContents {
  path(digest: string): string;
  /** In bytes; undefined if it is not there. Marks it as asked for, so that `gc` spares it until it is registered. */
  size(digest: string): Promise<number | undefined>;
  put(content: string | Uint8Array): Promise<{ digest: string; size: number }>;
  /**
   * Takes a file in. With `link` it is hard linked where that goes, for files that nobody writes any more. `digest` says that the caller has
   * verified it: then only a copy is read once more.
   */
  putFile(file: string, options?: { link?: boolean; digest?: string }): Promise<{ digest: string; size: number }>;
  /** Takes in what comes over the network. @throws AppError DIGEST_MISMATCH if it is something else than was announced; TOO_LARGE, TIMEOUT. */
  receive(
    source: AsyncIterable<Uint8Array>,
    options: ReceiveOptions & { digest: string },
  ): Promise<{ digest: string; size: number }>;
  /** @throws AppError CORRUPT_STORE if it is missing or not what its digest says. */
  read(digest: string): Promise<Buffer>;
  verify(options?: { signal?: AbortSignal }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
  /**
   * Removes what `keep` does not name and what killed processes left. What came in or was asked for during the last day stays: its owner may not
   * have registered it yet.
   */
  gc(keep: Keep, options?: GcOptions): Promise<{ removed: number; bytes: number }>;
}

/** What has to stay. */
export type Keep = Pick<ReadonlySet<string>, 'has'>;

export interface GcOptions {
  /** Milliseconds; a day if not given. */
  minimumAge?: number;
  /** Only counts. */
  dryRun?: boolean;
  signal?: AbortSignal;
}

const day = 24 * 60 * 60_000;
const digestPattern = /^[0-9a-f]{64}$/;

export function createFolderContents(root: string): FolderContents {
  const folder = join(root, 'sha256');
  const path = (digest: string): string => {
    if (!digestPattern.test(digest)) throw new Error(`no digest: ${digest}`);
    return join(folder, digest.slice(0, 2), digest);
  };
  return {
    path,
    size: async (digest) => {
      const stats = await statIfExists(path(digest));
      if (stats === undefined || !(await isThere(path(digest), stats.size))) return undefined;
      return stats.size;
    },
    put: async (content) => {
      const digest = sha256(content);
      const size = Buffer.byteLength(content);
      if (!(await isThere(path(digest), size))) {
        await writeAtomically(path(digest), content, { mode: 0o444, durable: true });
      }
      return { digest, size };
    },
    putFile: async (file, { link = false, digest } = {}) => {
      const known =
        digest === undefined ? await hashFile(file) : { sha256: digest, size: (await statIfExists(file))?.size ?? -1 };
      const target = path(known.sha256);
      if (await isThere(target, known.size)) return { digest: known.sha256, size: known.size };
      if (link && (await linkFile(file, target))) return { digest: known.sha256, size: known.size };
      return await takeCopy(file, { folder, path, digest });
    },
    receive: async (source, { digest, ...options }) => {
      await ensureFolder(folder);
      const file = join(folder, `${digest}.${randomUUID()}.tmp`);
      const { sha256: actual, size } = await receiveFile(source, file, options);
      try {
        if (actual !== digest) {
          throw new AppError('DIGEST_MISMATCH', `what came is not ${digest}: nothing was kept`, {
            hint: 'Send it again; if that does not help, its digest was taken of something else.',
            details: { expected: digest, actual },
          });
        }
        if (!(await isThere(path(digest), size))) await renameOver(file, path(digest));
        return { digest, size };
      } finally {
        await removeTree(file);
      }
    },
    read: async (digest) => {
      const content = await readBytesIfExists(path(digest));
      if (content === undefined) {
        throw new AppError('CORRUPT_STORE', `the content ${digest} is missing in the workspace`, {
          hint: `Restore \`${path(digest)}\` from a backup.`,
        });
      }
      if (sha256(content) === digest) return content;
      throw new AppError('CORRUPT_STORE', `\`${path(digest)}\` was changed: its content is not what its name says`, {
        hint: 'Restore it from a backup.',
      });
    },
    verify: async ({ signal } = {}) => {
      const damaged: { path: string; reason: string }[] = [];
      let checked = 0;
      for await (const file of blobFiles(folder, signal)) {
        if (file.temporary) continue;
        checked += 1;
        const reason = await findDamage(file);
        if (reason !== undefined) damaged.push({ path: file.path, reason });
      }
      return { checked, damaged };
    },
    gc: async (keep, { minimumAge = day, dryRun = false, signal } = {}) => {
      const result = { removed: 0, bytes: 0 };
      for await (const file of blobFiles(folder, signal)) {
        if (keep.has(file.name)) continue;
        const stats = await statIfExists(file.path);
        // The change time, because a linked file keeps the modification time that it had elsewhere.
        if (stats === undefined || Date.now() - stats.ctimeMs < minimumAge) continue;
        if (!dryRun) await removeTree(file.path);
        result.removed += 1;
        // Bytes that are linked elsewhere stay on the disk.
        if (stats.nlink === 1) result.bytes += stats.size;
      }
      return result;
    },
  };
}

/** True if a blob of this size is there. Marks it as asked for, so that `gc` spares it until it is registered. */
async function isThere(path: string, size: number): Promise<boolean> {
  const stats = await statIfExists(path);
  if (stats === undefined) return false;
  if (stats.size !== size) {
    // Damaged; it has to go before a link can take its place.
    await removeTree(path);
    return false;
  }
  if (Date.now() - stats.ctimeMs <= day / 2) return true;
  // Garbage collection may have it in hand: then it is gone, and comes in anew.
  return await touchFile(path);
}

/** The file may change while it is read: what counts is the digest of the copy. */
async function takeCopy(
  file: string,
  { folder, path, digest }: { folder: string; path: (digest: string) => string; digest: string | undefined },
): Promise<{ digest: string; size: number }> {
  const copy = await copyAside(file, folder);
  try {
    const actual = await hashFile(copy);
    if (digest !== undefined && digest !== actual.sha256) {
      throw new AppError('DIGEST_MISMATCH', `\`${file}\` is not what was announced: it changed meanwhile`, {
        hint: 'Repeat the command.',
        details: { expected: digest, actual: actual.sha256 },
      });
    }
    await renameOver(copy, path(actual.sha256));
    return { digest: actual.sha256, size: actual.size };
  } finally {
    await removeTree(copy);
  }
}

interface BlobFile {
  path: string;
  name: string;
  shelf: string;
  /** Not finished yet, or never to be. */
  temporary: boolean;
}

async function* blobFiles(folder: string, signal: AbortSignal | undefined): AsyncIterableIterator<BlobFile> {
  for (const shelf of await listFolder(folder)) {
    if (!shelf.isDirectory()) {
      yield { path: join(folder, shelf.name), name: shelf.name, shelf: '', temporary: shelf.name.endsWith('.tmp') };
      continue;
    }
    for (const { name } of await listFolder(join(folder, shelf.name))) {
      signal?.throwIfAborted();
      yield { path: join(folder, shelf.name, name), name, shelf: shelf.name, temporary: name.endsWith('.tmp') };
    }
  }
}

async function findDamage(file: BlobFile): Promise<string | undefined> {
  if (!digestPattern.test(file.name) || file.shelf !== file.name.slice(0, 2)) return 'it does not belong here';
  const isSound = (await hashFile(file.path)).sha256 === file.name;
  return isSound ? undefined : 'the content is not what its name says';
}

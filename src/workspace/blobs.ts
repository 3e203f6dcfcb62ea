import { copyFile, link, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { ensureFolder, fsErrorToAppError, hashFile, listFolder, readBytesIfExists, removeTree, statIfExists, withFsErrors, writeAtomically } from '../io/index.ts';
import { sha256 } from '../schema/index.ts';

/** Content by its SHA-256. The layout is that of an OCI registry's blob store. */
export interface BlobStore {
  path(digest: string): string;
  has(digest: string): Promise<boolean>;
  put(content: string | Uint8Array): Promise<{ digest: string; size: number }>;
  /**
   * Takes a file in. With `link` it is hard linked where that goes, for files that nobody writes any more. With `digest` it is not read again:
   * the caller has verified it.
   */
  putFile(file: string, options?: { link?: boolean; digest?: string }): Promise<{ digest: string; size: number }>;
  /** @throws AppError CORRUPT_STORE if it is missing or not what its digest says. */
  read(digest: string): Promise<Buffer>;
  verify(options?: { signal?: AbortSignal }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
}

export function createBlobStore(root: string): BlobStore {
  const folder = join(root, 'sha256');
  const path = (digest: string): string => {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error(`no digest: ${digest}`);
    return join(folder, digest.slice(0, 2), digest);
  };
  const has = async (digest: string): Promise<boolean> => (await statIfExists(path(digest)))?.isFile() ?? false;
  return {
    path,
    has,
    put: async (content) => {
      const digest = sha256(content);
      if (!(await has(digest))) await writeAtomically(path(digest), content, { mode: 0o444, durable: true });
      return { digest, size: Buffer.byteLength(content) };
    },
    putFile: async (file, options = {}) => {
      const known = options.digest === undefined ? await hashFile(file) : { sha256: options.digest, size: (await statIfExists(file))?.size ?? 0 };
      if (!(await has(known.sha256))) await takeIn(file, path(known.sha256), options.link === true);
      return { digest: known.sha256, size: known.size };
    },
    read: async (digest) => {
      const content = await readBytesIfExists(path(digest));
      if (content === undefined) {
        throw new AppError('CORRUPT_STORE', `the content ${digest} is missing in the workspace`, { hint: `Restore \`${path(digest)}\` from a backup.` });
      }
      if (sha256(content) !== digest) {
        throw new AppError('CORRUPT_STORE', `\`${path(digest)}\` was changed: its content is not what its name says`, { hint: 'Restore it from a backup; Terroir never writes it again.' });
      }
      return content;
    },
    verify: async (options = {}) => {
      let checked = 0;
      const damaged: { path: string; reason: string }[] = [];
      for (const shelf of await listFolder(folder)) {
        for (const entry of await listFolder(join(folder, shelf.name))) {
          options.signal?.throwIfAborted();
          const file = join(folder, shelf.name, entry.name);
          if (entry.name.endsWith('.tmp')) continue;
          checked += 1;
          if ((await hashFile(file)).sha256 !== entry.name) damaged.push({ path: file, reason: 'the content is not what its name says' });
        }
      }
      return { checked, damaged };
    },
  };
}

async function takeIn(file: string, target: string, mayLink: boolean): Promise<void> {
  await ensureFolder(dirname(target));
  if (mayLink && (await tryLink(file, target))) return;
  const temporary = `${target}.${process.pid}.tmp`;
  await withFsErrors(`copy \`${file}\` to \`${target}\``, async () => {
    try {
      await copyFile(file, temporary);
      await utimes(temporary, new Date(), new Date());
      await link(temporary, target).catch(ignoreExisting);
    } finally {
      await unlink(temporary).catch(() => removeTree(temporary));
    }
  });
}

async function tryLink(file: string, target: string): Promise<boolean> {
  try {
    await link(file, target);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return true;
    if (code === 'EXDEV' || code === 'EPERM' || code === 'EMLINK' || code === 'ENOTSUP') return false;
    throw fsErrorToAppError(error, `link \`${file}\` to \`${target}\``);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

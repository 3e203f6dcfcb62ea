import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsErrorToAppError, withFsErrors } from './files.ts';
import { writeStream } from './write-stream.ts';

/** Read in pieces of this size: large enough for few calls, small enough for many at once. */
const readSize = 1 << 19;

/** After so many bytes the disk begins to work, while more come in: else all of it waits for the end. */
const syncEvery = 1 << 26;

/** Makes an empty file. @throws if it is there already. */
export async function createFile(path: string): Promise<void> {
  await withFsErrors(`write \`${path}\``, async () => {
    await fs.mkdir(dirname(path), { recursive: true });
    await (await fs.open(path, 'wx')).close();
  });
}

/**
 * Writes a stream behind the `position` bytes that the file has. `onPiece` sees each piece first and may refuse it by throwing; what came before is
 * kept. Errors of the stream come out as they are. @throws AppError of the file system, FILE_NOT_FOUND among them.
 */
export async function appendToFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  options: { position: number; onPiece: (piece: Uint8Array) => void },
): Promise<void> {
  const file = await withFsErrors(`write \`${path}\``, () => fs.open(path, 'r+'));
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  let failure: unknown;
  const onPiece = (piece: Uint8Array): void => {
    options.onPiece(piece);
    unsynced += piece.length;
    if (unsynced < syncEvery || syncing !== undefined) return;
    unsynced = 0;
    syncing = file
      .datasync()
      .catch((error: unknown) => {
        // The system says it only once.
        failure = error;
      })
      .finally(() => {
        syncing = undefined;
      });
  };
  try {
    await writeStream(file, pieces, { position: options.position, onPiece });
    await syncing;
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw isDiskError(error) ? fsErrorToAppError(error, `write \`${path}\``) : error;
  } finally {
    await syncing;
    await file.close();
  }
}

/** Makes what was written last and sets the mode, before the file gets the name by which it counts. */
export async function sealFile(path: string, mode: number): Promise<void> {
  await withFsErrors(`write \`${path}\``, async () => {
    const file = await fs.open(path, 'r');
    try {
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Gives a file another name, in place of whatever has it. False if there is no such file (any more). */
export async function moveFile(from: string, to: string): Promise<boolean> {
  return await ifThere(`rename \`${from}\` to \`${to}\``, async () => {
    try {
      await fs.rename(from, to);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await fs.mkdir(dirname(to), { recursive: true });
      await fs.rename(from, to);
    }
  });
}

/** False if there was none. */
export async function removeFile(path: string): Promise<boolean> {
  return await ifThere(`remove \`${path}\``, () => fs.unlink(path));
}

/** Makes a file count as used now. False if there is none; a file that may not be touched is left as it is. */
export async function renewFile(path: string): Promise<boolean> {
  const time = new Date();
  return await ifThere(`touch \`${path}\``, async () => {
    await fs.utimes(path, time, time).catch((error: unknown) => {
      if (isMissing(error)) throw error;
    });
  });
}

/** The bytes from `start` to `end` (inclusive), as they are read. */
export function readFileRange(
  path: string,
  range: { start?: number; end?: number; signal?: AbortSignal } = {},
): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: readSize, ...range });
}

/** The digest of a file as hex. */
export async function digestOfFile(path: string, algorithm: 'sha256' | 'sha512'): Promise<string> {
  return await withFsErrors(`read \`${path}\``, async () => {
    const hash: Hash = createHash(algorithm);
    for await (const chunk of readFileRange(path)) hash.update(chunk);
    return hash.digest('hex');
  });
}

async function ifThere(action: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fsErrorToAppError(error, action);
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isDiskError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG'].includes(code);
}

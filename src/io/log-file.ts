import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureFolder, fsErrorToAppError, pathExists, withFsErrors } from './files.ts';

/** A file that grows while it is read. Chunks stand in it in the order of the calls. */
export interface LogFile {
  /** Resolves when there is room for more. After an error all further chunks are dropped. */
  write(chunk: Uint8Array): Promise<void>;
  /** What went wrong while writing, once. */
  close(): Promise<Error | undefined>;
}

export async function openLogFile(path: string): Promise<LogFile> {
  await ensureFolder(dirname(path));
  const file: FileHandle = await withFsErrors(`write \`${path}\``, () => open(path, 'a', 0o644));
  let last: Promise<void> = Promise.resolve();
  let failure: unknown;
  return {
    write: (chunk) => {
      last = last.then(async () => {
        if (failure === undefined) await file.appendFile(chunk).catch((error: unknown) => (failure = error));
      });
      return last;
    },
    close: async () => {
      await last;
      await file.close();
      return failure === undefined ? undefined : (fsErrorToAppError(failure, `write \`${path}\``) as Error);
    },
  };
}

/** `limit` bytes of a file at most, and how many it has by now; of one that is not there, none. */
export async function readFilePart(
  path: string,
  { from, limit }: { from: number; limit: number },
): Promise<{ bytes: Buffer; size: number }> {
  if (!(await pathExists(path))) return { bytes: Buffer.alloc(0), size: 0 };
  return await withFsErrors(`read \`${path}\``, async () => {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.max(0, Math.min(limit, size - from)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
      return { bytes: buffer.subarray(0, bytesRead), size };
    } finally {
      await file.close();
    }
  });
}

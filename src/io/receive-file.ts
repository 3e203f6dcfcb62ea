import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { AppError } from '../errors/index.ts';
import { withFsErrors } from './files.ts';

export interface ReceiveOptions {
  /** Bytes. */
  limit: number;
  /** Milliseconds that may pass between two pieces. */
  patience: number;
}

/**
 * Writes what comes to a new file, to the disk, and answers what it was. After an error there is no file.
 * @throws AppError TOO_LARGE, TIMEOUT, DISK_FULL.
 */
export async function receiveFile(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: ReceiveOptions,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    const file = await withFsErrors(`write \`${path}\``, () => open(path, 'wx', 0o444));
    try {
      for await (const chunk of withPatience(source, options.patience)) {
        size += chunk.length;
        if (size > options.limit)
          throw new AppError('TOO_LARGE', `the upload is larger than ${options.limit} bytes, the server’s limit`);
        hash.update(chunk);
        await withFsErrors(`write \`${path}\``, () => file.writeFile(chunk));
      }
      await withFsErrors(`write \`${path}\``, () => file.sync());
    } finally {
      await file.close();
    }
    return { sha256: hash.digest('hex'), size };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function* withPatience(source: AsyncIterable<Uint8Array>, ms: number): AsyncIterableIterator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new AppError('TIMEOUT', `nothing came for ${ms / 1000} s`, { hint: 'Send it again.' })),
        ms,
      );
      try {
        const next = await Promise.race([iterator.next(), late]);
        if (next.done === true) return;
        yield next.value;
      } finally {
        clearTimeout(timer);
      }
    }
  } finally {
    // Not waited for: an iterator that waits for the next piece itself ends only with its source.
    iterator.return?.().catch(() => undefined);
  }
}

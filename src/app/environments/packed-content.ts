import { createHash } from 'node:crypto';
import { AppError } from '../../errors/index.ts';
import { readFileRange } from '../../io/index.ts';

/**
 * Content that another machine may want. Of a file, its first `size` bytes (all of it, if not given): a log that somebody writes to has grown by the
 * time it is sent, and what it was promised as is still there. `open` brings it from a third machine, once somebody wants it.
 */
export type PackedContent =
  | { bytes: Uint8Array }
  | { file: string; size?: number }
  | { open: () => AsyncIterable<Uint8Array> };

/** The content of a file of which a digest was taken; an empty one needs no file. */
export function packFile(file: string, size: number): PackedContent {
  return size === 0 ? { bytes: new Uint8Array() } : { file, size };
}

export function readPacked(content: PackedContent): Uint8Array | AsyncIterable<Uint8Array> {
  if ('bytes' in content) return content.bytes;
  if ('open' in content) return content.open();
  const { file, size } = content;
  return readFileRange(file, size === undefined ? {} : { end: size - 1 });
}

/** The error of a sending that failed; FILE_CHANGED, naming the file, if that is no more what was promised. */
export async function explainUnsent(error: unknown, digest: string, content: PackedContent): Promise<unknown> {
  if (!('file' in content) || (await digestNow(content)) === digest) return error;
  return new AppError('FILE_CHANGED', `\`${content.file}\` was changed while it was being sent`, {
    hint: 'Try again when nothing writes to it; or name it in `.amlignore`, if the run does not need it.',
    cause: error,
  });
}

/** Undefined for a file that cannot be read any more. */
async function digestNow(content: PackedContent): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    const read = readPacked(content);
    if (read instanceof Uint8Array) hash.update(read);
    else for await (const piece of read) hash.update(piece);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

import { AppError } from '../../errors/index.ts';
import type { BlobStream } from '../image.ts';
import { decompressZstd } from './decompress-zstd.ts';
import { gunzip } from './gunzip.ts';

export type LayerCompression = 'gzip' | 'zstd' | 'none';

/** What the first bytes say; media types are not always true. */
export function compressionOf(start: Uint8Array): LayerCompression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  const [a, b, c, d] = start;
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  // A skippable frame may come first.
  if ((a ?? 0) >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18) return 'zstd';
  return 'none';
}

/** Deflate makes 1032 of 1 at most, zstd as much as one likes; below the first size nobody asks. */
const harmless = 2 ** 30;
const ratio = 1100;
/** No layer is larger. */
const largest = 2 ** 40;

export interface OpenTarOptions {
  /** For messages. */
  label: string;
  /** How it is compressed. */
  onCompression?: (kind: LayerCompression) => void;
  /** Bytes that came, compressed. */
  onRead?: (size: number) => void;
  /** Bytes behind the end of what is compressed, which a decoder passes over. */
  onUnread?: (size: number) => void;
}

/**
 * The tar archive of a layer, uncompressed as it comes; each piece is valid until the next one is asked for.
 * @throws AppError INVALID_IMAGE for broken streams and for what would never end; and what the stream throws.
 */
export async function* openTar(
  blob: BlobStream,
  { label, onCompression, onRead, onUnread }: OpenTarOptions,
): BlobStream {
  let read = 0;
  const source = countBytes(blob, (size) => {
    read += size;
    onRead?.(size);
  });
  const { start, rest } = await peek(source, 4);
  const kind = compressionOf(start);
  onCompression?.(kind);
  let written = 0;
  for await (const chunk of kind === 'none' ? rest : decompress(kind, rest, { label, onUnread })) {
    written += chunk.length;
    if (written > largest || (written > harmless && written > read * ratio))
      throw new AppError('INVALID_IMAGE', `\`${label}\` is refused: it would unpack to more than ${written} bytes`, {
        hint: 'No honest program makes such a layer.',
      });
    yield chunk;
  }
}

async function* decompress(kind: 'gzip' | 'zstd', source: BlobStream, { label, onUnread }: OpenTarOptions): BlobStream {
  // What goes wrong where the bytes come from is told apart from what is wrong with them.
  let failure: unknown;
  const watched = async function* (): BlobStream {
    try {
      yield* source;
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  try {
    yield* kind === 'gzip' ? gunzip(watched(), onUnread) : decompressZstd(watched());
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (!/^(?:Z_|ZSTD_)/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new AppError('INVALID_IMAGE', `\`${label}\` cannot be uncompressed: ${(error as Error).message}`, {
      hint: 'The layer is damaged.',
      cause: error,
    });
  }
}

async function* countBytes(blob: BlobStream, count: (size: number) => void): BlobStream {
  for await (const chunk of blob) {
    count(chunk.length);
    yield chunk;
  }
}

/** At least so many bytes, if there are, and a stream that has them again. */
async function peek(blob: BlobStream, wanted: number): Promise<{ start: Uint8Array; rest: BlobStream }> {
  const iterator = blob[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < wanted) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  const rest = async function* (): BlobStream {
    try {
      if (start.length > 0) yield start;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { start, rest: rest() };
}

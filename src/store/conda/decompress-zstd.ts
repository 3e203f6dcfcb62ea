import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { corrupt } from '../archive-error.ts';
import { inflateStream } from '../inflate-stream.ts';
import { type CompressedPart, createSizeGuard, sizeLimit } from './compressed-part.ts';
import { createFrameCheck, type FrameCheck } from './zstd-frame.ts';

/** Parts up to this size are inflated at once, if they come to no more than `smallOutput`: there are many of them. */
const smallInput = 1 << 18;
const smallOutput = 1 << 22;
/** Pieces of large ones. */
const readSize = 1 << 20;

/** Hands on what a zstd stream holds, chunk by chunk. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, and what `take` throws. */
export async function decompressZstd(part: CompressedPart, take: (chunk: Buffer) => void): Promise<void> {
  const whole = part.size <= smallInput ? inflateWhole(part) : undefined;
  if (whole !== undefined) take(whole);
  else await inflateStreamed(part, take);
}

/** The same in steps, for whoever must not work for long without a pause, or wants only the beginning. */
export async function* inflateZstd(part: CompressedPart, take: (chunk: Buffer) => void): AsyncGenerator<void, void> {
  const whole = part.size <= smallInput ? inflateWhole(part) : undefined;
  if (whole !== undefined) {
    take(whole);
    return;
  }
  const frame = createFrameCheck(part.label, part.name, sizeLimit(part));
  const guard = createSizeGuard(part);
  const decoder = createZstdDecompress();
  // Errors of either come out where the decoder is read.
  pipeline(Readable.from(copies(pieces(part, frame))), decoder).catch(() => undefined);
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      guard(chunk.length);
      take(chunk);
      yield;
    }
  } catch (error) {
    throw explain(error, part);
  } finally {
    decoder.destroy();
  }
  frame.finish();
}

/** The decoder works beside this thread: it may come to a piece after the next one was read. */
function* copies(source: Iterable<Buffer>): Generator<Buffer> {
  for (const piece of source) yield Buffer.from(piece);
}

/** Undefined if it is more than is inflated at once. */
function inflateWhole(part: CompressedPart): Buffer | undefined {
  const frame = createFrameCheck(part.label, part.name, sizeLimit(part));
  const [bytes = Buffer.alloc(0)] = [...pieces(part, frame)];
  frame.finish();
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: smallOutput });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw explain(error, part);
  }
}

async function inflateStreamed(part: CompressedPart, take: (chunk: Buffer) => void): Promise<void> {
  const frame = createFrameCheck(part.label, part.name, sizeLimit(part));
  const guard = createSizeGuard(part);
  const guarded = (chunk: Buffer): void => {
    guard(chunk.length);
    take(chunk);
  };
  try {
    await inflateStream('zstd', pieces(part, frame), guarded);
  } catch (error) {
    throw explain(error, part);
  }
  frame.finish();
}

/** The part's bytes; each piece is valid until the next one is asked for. */
function* pieces(part: CompressedPart, frame: FrameCheck): Generator<Buffer> {
  const { size, label, name, checksum } = part;
  const buffer = Buffer.allocUnsafe(Math.min(readSize, size));
  let check = 0;
  for (let at = 0; at < size; ) {
    const bytes = part.read(at, buffer.subarray(0, size - at));
    at += bytes.length;
    if (checksum !== undefined) check = crc32(bytes, check);
    frame.push(bytes);
    yield bytes;
  }
  if (checksum !== undefined && check !== checksum) throw corrupt(label, `the checksum of \`${name}\` is wrong`);
}

function explain(error: unknown, { label, name }: CompressedPart): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' && /^(?:ZSTD|Z)_/.test(code)
    ? corrupt(label, `\`${name}\` cannot be inflated (${(error as Error).message})`)
    : error;
}

import { setImmediate } from 'node:timers/promises';
import { crc32, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { corrupt } from '../archive-error.ts';
import { readExactly } from '../zip/zip-file.ts';
import { type CompressedPart, createSizeGuard, sizeLimit } from './compressed-part.ts';
import { createFrameCheck, type FrameCheck } from './zstd-frame.ts';

/** Parts up to this size are inflated at once, if they come to no more than `smallOutput`: there are many of them. */
const smallInput = 1 << 18;
const smallOutput = 1 << 22;
/** Pieces of large ones. Large pieces too: each goes to another thread and back. */
const readSize = 1 << 20;
const chunkSize = 1 << 22;
/** So many chunks may wait to be taken while the decoder goes on. */
const ahead = 2;

/** Hands on what a zstd stream holds, chunk by chunk. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, and what `take` throws. */
export async function decompressZstd(part: CompressedPart, take: (chunk: Buffer) => void): Promise<void> {
  const whole = part.size <= smallInput ? inflateWhole(part) : undefined;
  if (whole !== undefined) take(whole);
  else await inflateStreamed(part, take);
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
  const options = { chunkSize, highWaterMark: chunkSize };
  const decoder = createZstdDecompress(options as Parameters<typeof createZstdDecompress>[0]);
  const chunks: Buffer[] = [];
  let isOver = false;
  let failure: unknown;
  let wake: () => void = () => undefined;
  const fail = (error: unknown): void => {
    failure ??= error;
    wake();
  };
  decoder.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunks.length >= ahead) decoder.pause();
    wake();
  });
  decoder.on('end', () => {
    isOver = true;
    wake();
  });
  decoder.on('error', (error) => fail(explain(error, part)));
  // Nobody answers a write that the decoder fell over.
  const closed = new Promise<never>((_, reject) => {
    decoder.on('close', () => reject(new Error('the decoder was closed')));
  });
  closed.catch(() => undefined);
  const feed = async (): Promise<void> => {
    for (const bytes of pieces(part, frame))
      await Promise.race([closed, new Promise<void>((resolve) => decoder.write(bytes, () => resolve()))]);
    frame.finish();
    decoder.end();
  };
  const feeding = feed().catch(fail);
  try {
    while (true) {
      if (failure !== undefined) throw failure;
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        if (chunks.length < ahead && decoder.isPaused()) decoder.resume();
        guard(chunk.length);
        take(chunk);
        // The decoder's own thread gets its next work here.
        await setImmediate();
      } else if (isOver) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    decoder.destroy();
    await feeding;
  }
}

/** The part's bytes. The decoder works on one piece while the next one is read, so there are two. */
function* pieces(part: CompressedPart, frame: FrameCheck): Generator<Buffer> {
  const { fd, begin, size, label, name, checksum } = part;
  const length = Math.min(readSize, size);
  const buffers = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length === size ? 0 : length)] as const;
  const end = begin + size;
  let check = 0;
  for (let at = begin, turn = 0; at < end; turn ^= 1) {
    const buffer = (buffers[turn as 0 | 1] as Buffer).subarray(0, end - at);
    const bytes = readExactly({ fd, size: end, label }, at, buffer);
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

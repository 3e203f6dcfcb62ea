import { setImmediate } from 'node:timers/promises';
import { crc32, createZstdDecompress } from 'node:zlib';
import { corrupt } from '../archive-error.ts';
import { readExactly } from '../zip/zip-file.ts';
import { type CompressedPart, createSizeGuard, sizeLimit } from './compressed-part.ts';
import { createFrameCheck } from './zstd-frame.ts';

const readSize = 1 << 18;
const chunkSize = 1 << 19;
/** So many chunks may wait to be taken while the decoder goes on in a thread of its own. */
const ahead = 4;

/** Hands on what a zstd stream holds, chunk by chunk. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, and what `take` throws. */
export async function decompressZstd(part: CompressedPart, take: (chunk: Buffer) => void): Promise<void> {
  const frame = createFrameCheck(part.label, part.name, sizeLimit(part));
  const guard = createSizeGuard(part);
  const decoder = createZstdDecompress({ chunkSize, highWaterMark: chunkSize } as Parameters<
    typeof createZstdDecompress
  >[0]);
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
  const feeding = feed(part, frame.push, async (bytes) => {
    await Promise.race([closed, new Promise<void>((resolve) => decoder.write(bytes, () => resolve()))]);
  });
  feeding
    .then(() => {
      frame.finish();
      decoder.end();
    }, fail)
    .catch(fail);
  try {
    while (true) {
      if (failure !== undefined) throw failure;
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        guard(chunk.length);
        take(chunk);
        if (chunks.length < ahead / 2 && decoder.isPaused()) decoder.resume();
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
    await feeding.catch(() => undefined);
  }
}

/** Reads the part. The decoder works on one piece while the next one is read, so there are two. */
async function feed(
  { fd, begin, size, label, name, checksum }: CompressedPart,
  look: (bytes: Buffer) => void,
  write: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const buffers = [Buffer.allocUnsafe(readSize), Buffer.allocUnsafe(readSize)] as const;
  const end = begin + size;
  let check = 0;
  for (let at = begin, turn = 0; at < end; turn ^= 1) {
    const buffer = (buffers[turn as 0 | 1] as Buffer).subarray(0, Math.min(readSize, end - at));
    const bytes = readExactly({ fd, size: end, label }, at, buffer);
    at += bytes.length;
    if (checksum !== undefined) check = crc32(bytes, check);
    look(bytes);
    await write(bytes);
  }
  if (checksum !== undefined && check !== checksum) throw corrupt(label, `the checksum of \`${name}\` is wrong`);
}

function explain(error: unknown, { label, name }: CompressedPart): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' && /^(?:ZSTD|Z)_/.test(code)
    ? corrupt(label, `\`${name}\` cannot be inflated (${(error as Error).message})`)
    : error;
}

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { corrupt } from '../archive-error.ts';
import { type Inflater, openInflater } from '../inflater.ts';
import { readExactly } from '../zip/zip-file.ts';
import { type CompressedPart, createSizeGuard, sizeLimit } from './compressed-part.ts';
import { createFrameCheck, type FrameCheck } from './zstd-frame.ts';

/** Parts up to this size are inflated at once, if they come to no more than `smallOutput`: there are many of them. */
const smallInput = 1 << 18;
const smallOutput = 1 << 22;
/** Pieces of large ones. */
const readSize = 1 << 20;
const chunkSize = 1 << 20;

const inflater = openInflater('zstd');
let memory: Buffer | undefined;

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
  const guarded = (chunk: Buffer): void => {
    guard(chunk.length);
    take(chunk);
  };
  try {
    if (inflater !== undefined) inflateHere(inflater, pieces(part, frame), guarded);
    else await inflateAside(pieces(part, frame), guarded);
  } catch (error) {
    throw explain(error, part);
  }
  frame.finish();
}

/** In this thread, always into the same memory. Whether the last frame is whole is for others to tell. @throws Error with zstd's `code`. */
export function inflateHere(engine: Inflater, source: Iterable<Uint8Array>, take: (chunk: Buffer) => void): void {
  memory ??= Buffer.allocUnsafeSlow(chunkSize);
  engine.reset();
  for (const piece of source) {
    let rest = piece;
    for (let written = chunkSize; rest.length > 0 || written === chunkSize; ) {
      const made = engine.run(rest, memory);
      ({ written } = made);
      rest = rest.subarray(made.read);
      if (written > 0) take(memory.subarray(0, written));
    }
  }
}

/** With Node's public stream. @throws Error with zstd's `code`. */
export async function inflateAside(source: Iterable<Uint8Array>, take: (chunk: Buffer) => void): Promise<void> {
  const decoder = createZstdDecompress();
  await pipeline(Readable.from(source), decoder, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) take(chunk);
  });
}

/** The part's bytes. A decoder may work on one piece while the next one is read, so there are two. */
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

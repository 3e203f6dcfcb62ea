import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw, createZstdDecompress, type InflateRaw, type ZstdDecompress } from 'node:zlib';
import { type Inflater, openInflater } from './inflater.ts';

type Kind = 'raw' | 'zstd';
/** What it gets is valid until it returns. */
type Take = (chunk: Buffer) => void;

const chunkSize = 1 << 19;
const nothing = new Uint8Array(0);
const engines = new Map<Kind, Inflater | undefined>();
let memory: Buffer | undefined;

/**
 * Inflates what comes in pieces, and answers how many bytes of it the stream has. One at a time in each thread.
 * @throws Error with the `code` of zlib or zstd; what `source` and `take` throw.
 */
export async function inflateStream(kind: Kind, source: Iterable<Uint8Array>, take: Take): Promise<number> {
  if (!engines.has(kind)) engines.set(kind, openInflater(kind));
  const engine = engines.get(kind);
  return engine === undefined ? await inflateAside(kind, source, take) : inflateHere(engine, source, take);
}

/** In this thread, always into the same memory. */
export function inflateHere(engine: Inflater, source: Iterable<Uint8Array>, take: Take): number {
  memory ??= Buffer.allocUnsafeSlow(chunkSize);
  let total = 0;
  engine.reset();
  for (const piece of source) {
    let rest = piece;
    for (let written = chunkSize; rest.length > 0 || written === chunkSize; ) {
      const made = engine.run(rest, memory);
      ({ written } = made);
      // It wants no more: the stream is at its end.
      if (rest.length > 0 && made.read === 0 && written === 0) return total;
      total += made.read;
      rest = rest.subarray(made.read);
      if (written > 0) take(memory.subarray(0, written));
    }
  }
  for (let written = chunkSize; written === chunkSize; ) {
    ({ written } = engine.run(nothing, memory, { isLast: true }));
    if (written > 0) take(memory.subarray(0, written));
  }
  return total;
}

/** With Node's public streams. */
export async function inflateAside(kind: Kind, source: Iterable<Uint8Array>, take: Take): Promise<number> {
  const decoder: Transform & (InflateRaw | ZstdDecompress) =
    kind === 'raw' ? createInflateRaw() : createZstdDecompress();
  try {
    await pipeline(Readable.from(copies(source)), decoder, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) take(chunk);
    });
  } catch (error) {
    // Something stands behind the end of the stream.
    const isOver = decoder.readableEnded && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isOver) throw error;
  }
  return decoder.bytesWritten;
}

/** A piece is read over once the next one is asked for, and the decoder may not have come to it. */
function* copies(source: Iterable<Uint8Array>): Generator<Buffer> {
  for (const piece of source) yield Buffer.from(piece);
}

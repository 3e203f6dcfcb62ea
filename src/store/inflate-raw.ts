import { inflateRawSync } from 'node:zlib';
import { openInflater } from './inflater.ts';

/** Inflates a whole raw stream, of at most `limit` bytes. Answers what came out, valid until the next call, and how much of the input it took. */
export type InflateRaw = (raw: Uint8Array, limit: number) => { content: Buffer; read: number };

/** With Node's public functions. @throws Error with zlib's `code`, `ERR_BUFFER_TOO_LARGE` for what is longer. */
export const inflateRawAnew: InflateRaw = (raw, limit) => {
  const { buffer, engine } = inflateRawSync(raw, {
    maxOutputLength: limit,
    info: true,
    chunkSize: Math.max(64, limit),
  }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  return { content: buffer, read: engine.bytesWritten };
};

/** With one engine and one piece of memory for all; undefined where Node does not have what it takes. @throws Error with zlib's `code`. */
export function createInflateRaw(): InflateRaw | undefined {
  const inflater = openInflater('raw');
  if (inflater === undefined) return undefined;
  let memory = Buffer.allocUnsafe(0);
  return (raw, limit) => {
    if (memory.length < limit) memory = Buffer.allocUnsafeSlow(limit);
    inflater.reset();
    const { read, written } = inflater.run(raw, memory.subarray(0, limit), { isLast: true });
    return { content: memory.subarray(0, written), read };
  };
}

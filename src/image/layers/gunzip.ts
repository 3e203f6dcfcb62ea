import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Inflater, openInflater } from '../../store/index.ts';
import type { BlobStream } from '../image.ts';

const chunkSize = 1 << 18;
const nothing = new Uint8Array(0);

/** Bytes behind the end of what is compressed, which a decoder passes over. */
type OnUnread = ((size: number) => void) | undefined;

/** A gzip stream of any number of members, uncompressed as it comes; each piece is valid until the next one is asked for. @throws Error with zlib's `code`. */
export async function* gunzip(source: BlobStream, onUnread?: OnUnread): BlobStream {
  const inflater = openInflater('gzip');
  yield* inflater === undefined ? gunzipAside(source, onUnread) : gunzipHere(inflater, source, onUnread);
}

/** In this thread, always into the same memory. */
export async function* gunzipHere(inflater: Inflater, source: BlobStream, onUnread: OnUnread): BlobStream {
  const output = Buffer.allocUnsafeSlow(chunkSize);
  let unread = 0;
  for await (const piece of source) {
    let rest: Uint8Array = piece;
    let written = unread === 0 ? chunkSize : 0;
    while (written === chunkSize) {
      const made = inflater.run(rest, output);
      ({ written } = made);
      rest = rest.subarray(made.read);
      if (written > 0) yield output.subarray(0, written);
    }
    // There was room, and something was left: the stream is at its end.
    unread += rest.length;
  }
  if (unread > 0) return onUnread?.(unread);
  for (let written = chunkSize; written === chunkSize; ) {
    ({ written } = inflater.run(nothing, output, { isLast: true }));
    if (written > 0) yield output.subarray(0, written);
  }
}

/** With Node's public streams, in threads of theirs. */
export async function* gunzipAside(source: BlobStream, onUnread: OnUnread): BlobStream {
  let given = 0;
  const counted = async function* (): BlobStream {
    for await (const piece of source) {
      given += piece.length;
      yield piece;
    }
  };
  const decoder = createGunzip({ chunkSize });
  const input = Readable.from(counted());
  input.on('error', (error) => decoder.destroy(error));
  input.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
    if (decoder.bytesWritten < given) onUnread?.(given - decoder.bytesWritten);
  } finally {
    input.destroy();
  }
}

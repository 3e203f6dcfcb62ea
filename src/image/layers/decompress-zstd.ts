import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import type { BlobStream } from '../image.ts';

const chunkSize = 1 << 18;
/** So many chunks may wait to be taken. */
const ahead = 4;

/**
 * What a zstd stream holds, all of its frames: Node's own decoder stops behind the first one. The output of a small input may be endless; no more
 * of it is made than is taken.
 */
export async function* decompressZstd(source: BlobStream): BlobStream {
  const chunks: Buffer[] = [];
  let failure: unknown;
  let isOver = false;
  let wake: () => void = () => undefined;
  let decoder: ZstdDecompress;
  const start = (): ZstdDecompress => {
    const fresh = createZstdDecompress({ chunkSize });
    fresh.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length >= ahead) fresh.pause();
      wake();
    });
    fresh.on('error', (error) => {
      failure ??= error;
      wake();
    });
    return fresh;
  };
  const ended = async (of: ZstdDecompress): Promise<void> =>
    await new Promise((resolve) => {
      if (of.readableEnded) resolve();
      else of.once('end', resolve);
    });
  const feed = async (): Promise<void> => {
    for await (const chunk of source) {
      for (let left = chunk; left.length > 0; ) {
        const before = decoder.bytesWritten;
        await write(decoder, left);
        const taken = decoder.bytesWritten - before;
        left = left.subarray(taken);
        if (left.length === 0) break;
        // The frame is over; the rest is another one.
        await ended(decoder);
        decoder = start();
      }
    }
    decoder.end();
    await ended(decoder);
  };
  decoder = start();
  feed().then(
    () => {
      isOver = true;
      wake();
    },
    (error: unknown) => {
      failure ??= error;
      wake();
    },
  );
  try {
    while (true) {
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        if (chunks.length < ahead && decoder.isPaused()) decoder.resume();
        continue;
      }
      if (failure !== undefined) throw failure;
      if (isOver) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (chunks.length > 0 || failure !== undefined || isOver) resolve();
      });
    }
  } finally {
    decoder.destroy();
  }
}

async function write(decoder: ZstdDecompress, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    decoder.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

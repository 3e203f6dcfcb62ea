import type { Writable } from 'node:stream';
import type { Reading } from '../store/content.ts';

/** Content that comes from a registry elsewhere, as the store's comes from the disk: the last piece goes out only when all was found to be right. */
export function remoteReading(open: () => AsyncIterable<Uint8Array>): Reading {
  const pieces = (): AsyncIterable<Buffer> => holdLastBack(open());
  return { pieces, sendTo: async (target) => await send(pieces(), target) };
}

/** The stream says only at its end whether it was the right one. */
async function* holdLastBack(stream: AsyncIterable<Uint8Array>): AsyncIterableIterator<Buffer> {
  let held: Buffer | undefined;
  for await (const { buffer, byteOffset, length } of stream) {
    if (held !== undefined) yield held;
    held = Buffer.from(buffer, byteOffset, length);
  }
  if (held !== undefined) yield held;
}

/** No faster than the target takes it. @throws if that is closed meanwhile: then nobody has to bring the rest. */
async function send(pieces: AsyncIterable<Buffer>, target: Writable): Promise<void> {
  for await (const piece of pieces) {
    if (target.destroyed) throw new Error('the connection was closed');
    if (!target.write(piece)) await roomIn(target);
  }
}

async function roomIn(target: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      target.off('drain', go).off('close', go);
      resolve();
    };
    target.on('drain', go).on('close', go);
  });
}

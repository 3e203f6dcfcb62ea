import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { bzip2Blocks } from '../../bzip2/index.ts';

const readSize = 1 << 20;

/** A file of bzip2 streams, unpacked block by block, with a breath for others in between. @throws Error for what is none. */
export async function* decodeBzip2(path: string): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(readSize);
  let made: Buffer[] = [];
  try {
    const blocks = bzip2Blocks({
      read: () => buffer.subarray(0, readSync(file, buffer)),
      take: (chunk) => {
        made.push(Buffer.from(chunk));
      },
      fail: (problem) => new Error(`its bzip2 stream is ${problem === 'no bzip2' ? 'none' : problem}`),
      mayFollow: true,
    });
    for (const _pause of blocks) {
      yield* made;
      made = [];
      await setImmediate();
    }
  } finally {
    closeSync(file);
  }
}

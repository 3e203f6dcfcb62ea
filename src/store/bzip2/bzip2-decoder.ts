import { type BitReader, isBeyond, takeBits } from './bit-reader.ts';
import { type BlockRoom, createBlockRoom, readBlock } from './block.ts';
import { createBlockText } from './block-text.ts';

/** No block takes more than this: 900,000 symbols of 20 bits, and its tables. */
export const maximumBlock = 2_400_000;

export type Bzip2Problem = 'no bzip2' | 'damaged' | 'cut off' | 'behind';

/**
 * Inflates a bzip2 stream whose bytes are asked for as they are needed; memory stays below 16 MB whatever the stream says. Every block's checksum
 * and that of the whole are compared, and nothing may stand behind the end: some readers go on there with a second stream, and some do not.
 * @throws what `fail` makes, and what `read` and `take` throw.
 */
export function inflateBzip2({
  read,
  take,
  fail,
}: {
  /** The next bytes, valid until the next call; none at the end. */
  read(): Uint8Array;
  /** Gets what comes out; valid until it returns. */
  take(chunk: Buffer): void;
  fail(problem: Bzip2Problem): Error;
}): void {
  const input = createInput(read);
  const { reader } = input;
  input.fill();
  const level = [0x42, 0x5a, 0x68].every((byte) => takeBits(reader, 8) === byte) ? takeBits(reader, 8) - 0x30 : 0;
  if (level < 1 || level > 9) throw fail('no bzip2');
  const room: BlockRoom = createBlockRoom(level * 100_000);
  const text = createBlockText(take);
  let combined = 0;
  while (true) {
    input.fill();
    const magic = takeBits(reader, 24) * 2 ** 24 + takeBits(reader, 24);
    const checksum = takeBits(reader, 16) * 2 ** 16 + takeBits(reader, 16);
    if (isBeyond(reader)) throw fail('cut off');
    if (magic === 0x177245385090) {
      if (checksum !== combined >>> 0) throw fail('damaged');
      if (!input.isAtEnd()) throw fail('behind');
      return;
    }
    if (magic !== 0x314159265359) throw fail('damaged');
    const block = readBlock(reader, room);
    if (block === undefined) throw fail(isBeyond(reader) ? 'cut off' : 'damaged');
    if (text.read(room.links, block) !== checksum) throw fail('damaged');
    combined = ((combined << 1) | (combined >>> 31)) ^ checksum;
  }
}

/** Keeps at least a block's bytes in one piece, so that nothing below has to wait for more. */
function createInput(read: () => Uint8Array): { reader: BitReader; fill(): void; isAtEnd(): boolean } {
  const reader: BitReader = { bytes: new Uint8Array(0), at: 0, held: 0, count: 0 };
  let buffer = Buffer.allocUnsafe(maximumBlock * 2);
  let isOver = false;
  return {
    reader,
    fill: () => {
      const left = reader.bytes.length - reader.at;
      if (isOver || left >= maximumBlock) return;
      buffer.copyWithin(0, reader.at, reader.bytes.length);
      let end = Math.max(0, left);
      reader.at -= reader.bytes.length - end;
      while (end < maximumBlock) {
        const chunk = read();
        if (chunk.length === 0) {
          isOver = true;
          break;
        }
        if (end + chunk.length > buffer.length) buffer = Buffer.concat([buffer.subarray(0, end)], end + chunk.length);
        buffer.set(chunk, end);
        end += chunk.length;
      }
      reader.bytes = buffer.subarray(0, end);
    },
    isAtEnd: () => reader.at - (reader.count >> 3) === reader.bytes.length && isOver,
  };
}

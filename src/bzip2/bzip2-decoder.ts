import { type BitReader, isBeyond, takeBits } from './bit-reader.ts';
import { type BlockRoom, createBlockRoom, readBlock } from './block.ts';
import { type BlockText, createBlockText } from './block-text.ts';

/** No block takes more than this: 900,000 symbols of 20 bits, and its tables. */
const maximumBlock = 2_400_000;

export type Bzip2Problem = 'no bzip2' | 'damaged' | 'cut off' | 'behind';

export interface Bzip2Options {
  /** The next bytes, valid until the next call; none at the end. */
  read(): Uint8Array;
  /** Gets what comes out; valid until it returns. */
  take(chunk: Buffer): void;
  fail(problem: Bzip2Problem): Error;
  /** Whether several streams may follow one another, as programs write them that use several processors. */
  mayFollow?: boolean;
}

/**
 * Inflates a bzip2 stream whose bytes are asked for as they are needed, and pauses behind each block, which can hold 46 MB. Nothing may stand behind the end
 * unless that is asked for: some readers go on there with a second stream, and some do not.
 * @throws what `fail` makes, and what `read` and `take` throw.
 */
export function* bzip2Blocks({ read, take, fail, mayFollow = false }: Bzip2Options): Generator<void, void> {
  const input = createInput(read);
  const text = createBlockText(take);
  do {
    yield* streamBlocks(input, { text, fail });
    if (!mayFollow && !input.isAtEnd()) throw fail('behind');
  } while (!input.isAtEnd());
}

function* streamBlocks(
  { reader, fill }: Input,
  { text, fail }: { text: BlockText; fail: Bzip2Options['fail'] },
): Generator<void, void> {
  // A stream begins at a whole byte.
  takeBits(reader, reader.count & 7);
  fill();
  const level = [0x42, 0x5a, 0x68].every((byte) => takeBits(reader, 8) === byte) ? takeBits(reader, 8) - 0x30 : 0;
  if (level < 1 || level > 9) throw fail('no bzip2');
  const room: BlockRoom = createBlockRoom(level * 100_000);
  let combined = 0;
  while (true) {
    fill();
    const magic = takeBits(reader, 24) * 2 ** 24 + takeBits(reader, 24);
    const checksum = takeBits(reader, 16) * 2 ** 16 + takeBits(reader, 16);
    if (isBeyond(reader)) throw fail('cut off');
    if (magic === 0x177245385090) {
      if (checksum !== combined >>> 0) throw fail('damaged');
      fill();
      return;
    }
    if (magic !== 0x314159265359) throw fail('damaged');
    const block = readBlock(reader, room);
    if (block === undefined) throw fail(isBeyond(reader) ? 'cut off' : 'damaged');
    if (text.read(room.links, block) !== checksum) throw fail('damaged');
    combined = ((combined << 1) | (combined >>> 31)) ^ checksum;
    yield;
  }
}

interface Input {
  reader: BitReader;
  fill(): void;
  isAtEnd(): boolean;
}

/** Keeps at least a block's bytes in one piece, so that nothing below has to wait for more. */
function createInput(read: () => Uint8Array): Input {
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

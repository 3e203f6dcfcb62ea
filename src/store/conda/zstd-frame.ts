import { corrupt, hostile } from '../archive-error.ts';

const magic = 0xfd2fb528;
/** What a decoder must keep in memory: as much as zstd's own tools take without being asked, and its highest level needs. */
const maximumWindow = 128 << 20;
const longestHeader = 18;

/** Follows a zstd stream from block to block, without inflating it. */
export interface FrameCheck {
  push(chunk: Buffer): void;
  /** Says that no more bytes come. */
  finish(): void;
}

/**
 * Holds a stream to be one frame (RFC 8878, 3.1.1) from the first byte to the last: some readers stop behind the first frame and some go on, and
 * some pass over what is behind. `maximumSize` bounds what the frame may say that it holds.
 * @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, from `push` and `finish`.
 */
export function createFrameCheck(label: string, part: string, maximumSize: number): FrameCheck {
  let held: Buffer = Buffer.alloc(0);
  let skip = 0;
  let state: 'header' | 'block' | 'checksum' | 'end' = 'header';
  let hasChecksum = false;

  /** How many bytes of `bytes` it took; undefined if it needs more. */
  const step = (bytes: Buffer): number | undefined => {
    if (state === 'header') {
      const header = readFrameHeader(bytes, label, part);
      if (header === undefined) return undefined;
      if (header.window > maximumWindow)
        throw hostile(label, `\`${part}\` asks for ${header.window} bytes of memory to be inflated`);
      if (header.contentSize > maximumSize)
        throw hostile(label, `\`${part}\` would unpack to ${header.contentSize} bytes`);
      hasChecksum = header.hasChecksum;
      state = 'block';
      return header.length;
    }
    if (bytes.length < 3) return undefined;
    const head = bytes.readUIntLE(0, 3);
    const kind = (head >> 1) & 3;
    if (kind === 3) throw corrupt(label, `\`${part}\` is damaged`);
    // A run of one byte is stored as that byte.
    skip = kind === 1 ? 1 : head >> 3;
    if ((head & 1) === 1) {
      state = hasChecksum ? 'checksum' : 'end';
      skip += hasChecksum ? 4 : 0;
    }
    return 3;
  };
  const isOver = (): boolean => state === 'end' || state === 'checksum';

  return {
    push: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const length = Math.min(skip, chunk.length - at);
          skip -= length;
          at += length;
        } else if (isOver()) {
          throw hostile(label, `\`${part}\` has bytes behind the end of its stream`);
        } else if (held.length > 0) {
          const before = held.length;
          const bytes = Buffer.concat([held, chunk.subarray(at, at + longestHeader)]);
          const used = step(bytes);
          held = used === undefined ? bytes : Buffer.alloc(0);
          at += used === undefined ? bytes.length - before : used - before;
        } else {
          const bytes = chunk.subarray(at, at + longestHeader);
          const used = step(bytes);
          if (used === undefined) held = Buffer.from(bytes);
          at += used ?? bytes.length;
        }
      }
    },
    finish: () => {
      if (!isOver() || skip > 0) throw corrupt(label, `\`${part}\` is cut off`);
    },
  };
}

interface FrameHeader {
  length: number;
  window: number;
  /** Zero if it does not say. */
  contentSize: number;
  hasChecksum: boolean;
}

function readFrameHeader(bytes: Buffer, label: string, part: string): FrameHeader | undefined {
  if (bytes.length < 5) return undefined;
  if (bytes.readUInt32LE(0) !== magic) throw corrupt(label, `\`${part}\` is no zstd stream`);
  const descriptor = bytes[4] as number;
  if ((descriptor & 0b1000) !== 0 || (descriptor & 0b11) !== 0)
    throw hostile(label, `\`${part}\` needs a dictionary, or a newer reader`);
  const isSingle = (descriptor & 0b10_0000) !== 0;
  const sizeLength = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const sizeAt = isSingle ? 5 : 6;
  const length = sizeAt + sizeLength;
  if (bytes.length < length) return undefined;
  const contentSize = readSize(bytes, sizeAt, sizeLength);
  return {
    length,
    window: isSingle ? contentSize : windowOf(bytes[5] as number),
    contentSize,
    hasChecksum: (descriptor & 0b100) !== 0,
  };
}

function readSize(bytes: Buffer, at: number, length: number): number {
  if (length === 0) return 0;
  if (length === 2) return bytes.readUInt16LE(at) + 256;
  return length === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, length);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

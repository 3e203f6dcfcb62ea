import { corrupt, hostile } from '../archive-error.ts';
import type { ZipFile } from './zip-file.ts';

const endSignature = 0x06054b50;
const endSignatureBytes = Buffer.from('PK\x05\x06', 'latin1');
const endSize = 22;
const locatorSignature = 0x07064b50;
const locatorSize = 20;
const end64Signature = 0x06064b50;
const end64Size = 56;

export interface EndOfDirectory {
  members: number;
  start: number;
  size: number;
}

/**
 * Finds the end record (APPNOTE 4.3.16), or its zip64 form, and holds it against the file: nothing may lie behind it, nor between it and the
 * directory, and no second one may hide in its comment.
 */
export function findEndOfDirectory(file: ZipFile): EndOfDirectory {
  const length = Math.min(file.size, endSize + 0xffff + locatorSize + end64Size);
  const tailStart = file.size - length;
  const tail = file.read(tailStart, length);
  const at = findEnd(tail);
  if (at === undefined) throw corrupt(file.label, 'it is no zip file, or it is cut off');
  if (tail.includes(endSignatureBytes, at + endSize))
    throw hostile(file.label, 'its comment hides a second end record');
  const short = {
    members: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    start: tail.readUInt32LE(at + 16),
  };
  const wide = readEnd64(file, tail, at, tailStart);
  const disks = [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)];
  const isWhole = disks.every((disk) => disk === 0 || (wide !== undefined && disk === 0xffff));
  if (!isWhole || tail.readUInt16LE(at + 8) !== short.members) throw hostile(file.label, 'it is one part of several');
  if (wide !== undefined && !agree(short, wide.end)) throw hostile(file.label, 'its two end records disagree');
  const result = wide?.end ?? short;
  if (result.start + result.size !== (wide?.at ?? tailStart + at)) {
    throw hostile(file.label, 'its directory does not end where its end record begins');
  }
  return result;
}

/** Searches backwards; the record's comment must reach exactly to the end of the file. */
function findEnd(tail: Buffer): number | undefined {
  for (let at = tail.length - endSize; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === endSignature && at + endSize + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  return undefined;
}

function readEnd64(
  file: ZipFile,
  tail: Buffer,
  end: number,
  tailStart: number,
): { end: EndOfDirectory; at: number } | undefined {
  const locator = end - locatorSize;
  if (locator < 0 || tail.readUInt32LE(locator) !== locatorSignature) return undefined;
  const at = locator - end64Size;
  const isInPlace =
    at >= 0 &&
    tail.readBigUInt64LE(locator + 8) === BigInt(tailStart + at) &&
    tail.readUInt32LE(at) === end64Signature &&
    tail.readBigUInt64LE(at + 4) === BigInt(end64Size - 12);
  if (!isInPlace) throw hostile(file.label, 'its zip64 end record is not where it says');
  const number = (offset: number): number => Number(tail.readBigUInt64LE(at + offset));
  if (tail.readUInt32LE(at + 16) !== 0 || tail.readUInt32LE(at + 20) !== 0 || number(24) !== number(32)) {
    throw hostile(file.label, 'it is one part of several');
  }
  return { end: { members: number(32), size: number(40), start: number(48) }, at: tailStart + at };
}

/** Each field of the short record is the long one's, or the mark that says to look there. */
function agree(short: EndOfDirectory, long: EndOfDirectory): boolean {
  return (
    (short.members === long.members || short.members === 0xffff) &&
    (short.size === long.size || short.size === 0xffffffff) &&
    (short.start === long.start || short.start === 0xffffffff)
  );
}

import { isUtf8 } from 'node:buffer';
import { corrupt, hostile, showName } from '../archive-error.ts';

export const blockSize = 512;

/** A header block as it stands (POSIX.1-1988 "ustar", and GNU's own dialect of it). */
export interface TarHeader {
  /** Read only where it counts: beside a longer one that is written elsewhere, it may be cut off within a character. */
  name(): string;
  /** One character. */
  type: string;
  size: number;
  mode: number;
  /** Seconds since 1970; undefined if it says none that can be. */
  time: number | undefined;
  /** A link's target, in the same way. Both last as long as the block. */
  linkName(): string;
}

/** @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE. */
export function readTarHeader(block: Buffer, label: string): TarHeader {
  if (readNumber(block, 148, 8) !== checksum(block)) throw corrupt(label, 'a header of its tar is damaged');
  const magic = block.toString('latin1', 257, 265);
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0') throw corrupt(label, 'its tar has a header of an unknown kind');
  const name = (): string => {
    const short = readText(block, 0, 100, label);
    // GNU keeps other things where POSIX has the name's first part.
    const prefix = magic === 'ustar  \0' ? '' : readText(block, 345, 155, label);
    return prefix === '' ? short : `${prefix}/${short}`;
  };
  const size = readNumber(block, 124, 12);
  const mode = readNumber(block, 100, 8);
  if (size === undefined || mode === undefined)
    throw corrupt(label, `the tar's header of ${showName(name())} is damaged`);
  return {
    name,
    type: String.fromCharCode(block[156] as number),
    size,
    mode,
    time: readNumber(block, 136, 12),
    linkName: () => readText(block, 157, 100, label),
  };
}

/** Bytes of a name, up to the first NUL. */
export function readText(block: Buffer, from: number, length: number, label: string): string {
  const nul = block.indexOf(0, from);
  const bytes = block.subarray(from, nul === -1 || nul > from + length ? from + length : nul);
  if (!isUtf8(bytes))
    throw hostile(label, `it has a member whose name is not UTF-8 (${showName(bytes.toString('latin1'))})`);
  return bytes.toString('utf8');
}

/** Octal digits, or GNU's binary form for what octal cannot hold; nothing counts as zero. Undefined if it is neither. */
function readNumber(block: Buffer, from: number, length: number): number | undefined {
  if (block[from] === 0x80) {
    const high = block.readUIntBE(from + 1, length - 7);
    const value = high * 2 ** 48 + block.readUIntBE(from + length - 6, 6);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(block.toString('latin1', from, from + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits === '' ? '0' : digits, 8);
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at += 1) sum += block[at] as number;
  for (let at = 156; at < blockSize; at += 1) sum += block[at] as number;
  return sum;
}

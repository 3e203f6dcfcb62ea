import { hostile } from '../archive-error.ts';
import { readExactly } from '../zip/zip-file.ts';

/** What holds one compressed stream. */
export interface CompressedPart {
  /** Fills the buffer with the bytes from there. @throws AppError CORRUPT_ARCHIVE if there are not so many. */
  read(at: number, buffer: Buffer): Buffer;
  size: number;
  /** CRC-32 of its bytes, where it is known. */
  checksum?: number;
  /** Of the archive, and of the part in it, for messages. */
  label: string;
  name: string;
}

/** A stretch of an open file. */
export function partOfFile(fd: number, begin: number, part: Omit<CompressedPart, 'read'>): CompressedPart {
  const { size, label } = part;
  return { ...part, read: (at, buffer) => readExactly({ fd, size: begin + size, label }, begin + at, buffer) };
}

/** What a package may unpack to, in bytes; and how much more than it has, above a size that honest content can reach. */
const maximumSize = 64 * 2 ** 30;
const bombRatio = 1100;
const bombSize = 100 * 2 ** 20;

export function sizeLimit({ size }: Pick<CompressedPart, 'size'>): number {
  return Math.min(maximumSize, Math.max(bombSize, size * bombRatio));
}

/** Counts what comes out. @throws AppError HOSTILE_ARCHIVE once it is more than honest content can be. */
export function createSizeGuard(part: CompressedPart): (bytes: number) => void {
  const limit = sizeLimit(part);
  let total = 0;
  return (bytes) => {
    total += bytes;
    if (total > limit)
      throw hostile(part.label, `\`${part.name}\` unpacks to more than ${limit} bytes from ${part.size}`);
  };
}

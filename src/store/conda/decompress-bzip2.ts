import { corrupt, hostile } from '../archive-error.ts';
import { type Bzip2Problem, inflateBzip2 } from '../bzip2/bzip2-decoder.ts';
import { readExactly } from '../zip/zip-file.ts';
import { type CompressedPart, createSizeGuard } from './compressed-part.ts';

const readSize = 1 << 20;

/** Hands on what a bzip2 stream holds, chunk by chunk. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, and what `take` throws. */
export function decompressBzip2(part: CompressedPart, take: (chunk: Buffer) => void): void {
  const { fd, begin, size, label } = part;
  const guard = createSizeGuard(part);
  const buffer = Buffer.allocUnsafe(Math.min(readSize, size));
  const end = begin + size;
  let at = begin;
  inflateBzip2({
    read: () => {
      const bytes = readExactly({ fd, size: end, label }, at, buffer.subarray(0, Math.min(readSize, end - at)));
      at += bytes.length;
      return bytes;
    },
    take: (chunk) => {
      guard(chunk.length);
      take(chunk);
    },
    fail: (problem) => explain(problem, part),
  });
}

function explain(problem: Bzip2Problem, { label, name }: CompressedPart): Error {
  switch (problem) {
    case 'no bzip2':
      return corrupt(label, `\`${name}\` is no bzip2 stream`);
    case 'cut off':
      return corrupt(label, `\`${name}\` is cut off`);
    case 'behind':
      return hostile(label, `\`${name}\` has bytes behind the end of its stream`);
    case 'damaged':
      return corrupt(label, `\`${name}\` cannot be inflated (a block is damaged)`);
  }
}

import { type Bzip2Problem, bzip2Blocks } from '../../bzip2/index.ts';
import { corrupt, hostile } from '../archive-error.ts';
import { type CompressedPart, createSizeGuard } from './compressed-part.ts';

const readSize = 1 << 20;

/** Hands on what a bzip2 stream holds, chunk by chunk. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, and what `take` throws. */
export function decompressBzip2(part: CompressedPart, take: (chunk: Buffer) => void): void {
  const steps = inflateBzip2(part, take);
  while (steps.next().done !== true);
}

/** The same in steps, for whoever must not work for long without a pause, or wants only the beginning. */
export function* inflateBzip2(part: CompressedPart, take: (chunk: Buffer) => void): Generator<void, void> {
  const { size } = part;
  const guard = createSizeGuard(part);
  const buffer = Buffer.allocUnsafe(Math.min(readSize, size));
  let at = 0;
  yield* bzip2Blocks({
    read: () => {
      const bytes = part.read(at, buffer.subarray(0, Math.min(readSize, size - at)));
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

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { type PrefixReplacement, replacePrefix } from '../plan/rewriting/index.ts';

/** A file of the store that gets the prefix in the place of its placeholder. */
export interface RewriteRequest extends PrefixReplacement {
  /** Absolute. */
  from: string;
  to: string;
  executable: boolean;
}

export interface Rewritten {
  sha256: string;
  size: number;
}

/** Larger binaries are rewritten in pieces of so many bytes. */
const usualPiece = 32 << 20;
/** Behind so many zeros no string goes on that began before, in any encoding. */
const gap = Buffer.alloc(8);

/** Writes the file anew, read-only. It gets the time of the one in the store, so that nothing of it depends on the clock. */
export function rewriteFile(
  { from, to, executable, ...replacement }: RewriteRequest,
  pieceSize = usualPiece,
): Rewritten {
  const source = openSync(from, 'r');
  const target = openSync(to, 'wx', executable ? 0o555 : 0o444);
  try {
    const { size, mtime } = fstatSync(source);
    const hash = createHash('sha256');
    let written = 0;
    for (const piece of pieces(source, size, replacement.mode === 'text' ? size : pieceSize)) {
      const bytes = replacePrefix(piece, replacement);
      hash.update(bytes);
      for (let at = 0; at < bytes.length; ) at += writeSync(target, bytes, at);
      written += bytes.length;
    }
    futimesSync(target, mtime, mtime);
    return { sha256: hash.digest('hex'), size: written };
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

/** A file in pieces that can be rewritten one by one: texts whole, binaries cut where no string goes on. */
function* pieces(source: number, size: number, length: number): Generator<Buffer> {
  let open: Buffer = Buffer.alloc(0);
  for (let at = 0; at < size; ) {
    const next = readAt(source, at, Math.min(length, size - at));
    if (next.length === 0) break;
    at += next.length;
    open = open.length === 0 ? next : Buffer.concat([open, next]);
    const cut = at < size ? open.lastIndexOf(gap) : -1;
    if (cut === -1) continue;
    yield open.subarray(0, cut + gap.length);
    open = open.subarray(cut + gap.length);
  }
  yield open;
}

function readAt(source: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(source, bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { type PrefixReplacement, rewritePieces } from '../plan/rewriting/index.ts';

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

/** Writes the file anew, read-only. It gets the time of the one in the store, so that nothing of it depends on the clock. */
export function rewriteFile({ from, to, executable, ...replacement }: RewriteRequest, pieceSize?: number): Rewritten {
  const source = openSync(from, 'r');
  const target = openSync(to, 'wx', executable ? 0o555 : 0o444);
  try {
    const { size, mtime } = fstatSync(source);
    const hash = createHash('sha256');
    let written = 0;
    const read = (position: number, length: number): Buffer => readAt(source, position, length);
    for (const bytes of rewritePieces({ read, size, pieceSize }, replacement)) {
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

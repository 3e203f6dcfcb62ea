import { type PrefixReplacement, replacePrefix } from './replace-prefix.ts';

export interface PiecesToRewrite {
  /** Bytes of the file from a position on; fewer than asked for only at its end. */
  read(position: number, length: number): Buffer;
  size: number;
  /** Larger binaries are rewritten in pieces of so many bytes. */
  pieceSize?: number;
}

const usualPiece = 32 << 20;
/** Behind so many zeros no string goes on that began before, in any encoding. */
const gap = Buffer.alloc(8);

/** What a file becomes, piece by piece: texts whole, binaries cut where no string goes on. */
export function* rewritePieces(
  { read, size, pieceSize = usualPiece }: PiecesToRewrite,
  replacement: PrefixReplacement,
): Generator<Buffer> {
  const length = replacement.mode === 'text' ? size : pieceSize;
  let open: Buffer = Buffer.alloc(0);
  for (let at = 0; at < size; ) {
    const next = read(at, Math.min(length, size - at));
    if (next.length === 0) break;
    at += next.length;
    open = open.length === 0 ? next : Buffer.concat([open, next]);
    const cut = at < size ? open.lastIndexOf(gap) : -1;
    if (cut === -1) continue;
    yield replacePrefix(open.subarray(0, cut + gap.length), replacement);
    open = open.subarray(cut + gap.length);
  }
  yield replacePrefix(open, replacement);
}

import { type Position, positionAt, throwProblems } from '../../documents/index.ts';

/** The text of a definition's file. @throws AppError INVALID_DEFINITION for what is no UTF-8 text. */
export function decodeSource(bytes: Uint8Array, path: string): string {
  try {
    const text = new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', {
      fatal: true,
      ignoreBOM: true,
    }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Falls through to the error.
  }
  const isBinary = bytes.includes(0);
  const { position, byte } = firstOddByte(bytes, path);
  return throwProblems('INVALID_DEFINITION', [
    {
      position,
      message: isBinary ? 'this is no text, but a binary file' : `the byte 0x${byte.toString(16)} is not UTF-8`,
      hint: isBinary ? 'Name the definition’s own file.' : 'Save it as UTF-8: `iconv -f WINDOWS-1252 -t UTF-8 FILE`.',
    },
  ]);
}

/** Where text ends and something else begins. */
function firstOddByte(bytes: Uint8Array, path: string): { position: Position; byte: number } {
  // U+FFFD stands where a byte cannot be read; a text may have one of its own, which is three bytes long.
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let [offset, at] = [0, 0];
  for (const character of lenient) {
    const isOwn = bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
    if (character === '\0' || (character === '\uFFFD' && !isOwn)) break;
    offset += character.length;
    at += Buffer.byteLength(character);
  }
  return { position: positionAt({ path, text: lenient }, offset), byte: bytes[at] ?? 0 };
}

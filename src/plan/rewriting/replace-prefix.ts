import { fixShebang } from './shebang.ts';

/** What stands for the prefix in a file of a conda package, and what shall stand there. */
export interface PrefixReplacement {
  placeholder: string;
  mode: 'text' | 'binary';
  /** Where the prefix will be. Absolute. */
  prefix: string;
}

/** Files have paths in other encodings than UTF-8 too: of Qt, of .NET, of string tables. */
const encodings: readonly Encoding[] = [
  { unit: 1, encode: (text) => Buffer.from(text, 'utf8') },
  { unit: 2, encode: (text) => Buffer.from(text, 'utf16le') },
  { unit: 2, encode: (text) => Buffer.from(text, 'utf16le').swap16() },
  { unit: 4, encode: (text) => utf32(text) },
  { unit: 4, encode: (text) => utf32(text).swap32() },
];

interface Encoding {
  /** Bytes of its NUL. */
  unit: 1 | 2 | 4;
  encode(text: string): Buffer;
}

/**
 * The content of a file in the prefix, as conda makes it: in a text every occurrence is replaced, and a first line that became too long is
 * mended; in a binary each C string that has occurrences keeps its length, filled up with NULs behind its new end. The content may be changed in place.
 *
 * The prefix of a binary must not be longer than the placeholder (see `checkPrefixLength`).
 */
export function replacePrefix(content: Buffer, { placeholder, mode, prefix }: PrefixReplacement): Buffer {
  if (mode === 'text') {
    let text = fixShebang(content, placeholder, prefix);
    for (const { encode } of encodings) text = replaceInText(text, encode(placeholder), encode(prefix));
    return text;
  }
  for (const { unit, encode } of encodings) replaceInStrings(content, encode(placeholder), encode(prefix), unit);
  return content;
}

function replaceInText(content: Buffer, search: Buffer, replacement: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = content.indexOf(search); at !== -1; at = content.indexOf(search, from)) {
    parts.push(content.subarray(from, at), replacement);
    from = at + search.length;
  }
  return from === 0 ? content : Buffer.concat([...parts, content.subarray(from)]);
}

function replaceInStrings(content: Buffer, search: Buffer, replacement: Buffer, unit: 1 | 2 | 4): void {
  for (let hit = content.indexOf(search); hit !== -1; ) {
    const end = endOfString(content, hit + search.length, unit);
    let write = hit;
    while (hit !== -1 && hit + search.length <= end) {
      replacement.copy(content, write);
      write += replacement.length;
      const from = hit + search.length;
      hit = content.indexOf(search, from);
      const until = hit === -1 || hit + search.length > end ? end : hit;
      content.copyWithin(write, from, until);
      write += until - from;
    }
    content.fill(0, write, end);
    if (hit !== -1 && hit < end) hit = content.indexOf(search, end);
  }
}

/** Where the NUL stands that ends a string, or the end of the content. */
function endOfString(content: Buffer, from: number, unit: 1 | 2 | 4): number {
  if (unit === 1) {
    const end = content.indexOf(0, from);
    return end === -1 ? content.length : end;
  }
  for (let at = from; at + unit <= content.length; at += unit)
    if (content[at] === 0 && content[at + 1] === 0 && (unit === 2 || content.readUInt16LE(at + 2) === 0)) return at;
  return content.length;
}

function utf32(text: string): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(4 * points.length);
  for (const [index, point] of points.entries()) bytes.writeUInt32LE(point, 4 * index);
  return bytes;
}

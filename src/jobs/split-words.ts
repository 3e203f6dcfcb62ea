/**
 * Takes a text apart as a shell does (POSIX Shell Command Language, 2.2 Quoting and 2.6.5 Field Splitting): at blanks, with quotes and backslashes.
 * Nothing is expanded. Undefined if a quote does not end, or nothing follows a backslash.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; ) {
    const piece = readPiece(text, at);
    if (piece === undefined) return undefined;
    at += piece.length;
    if (piece.value !== undefined) word = (word ?? '') + piece.value;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What begins there: blanks (which have no value), something in quotes, an escaped character or a plain one. */
function readPiece(text: string, at: number): { length: number; value?: string } | undefined {
  const rest = text.slice(at);
  const [blanks] = /^\s+/.exec(rest) ?? [];
  if (blanks !== undefined) return { length: blanks.length };
  if (rest.startsWith("'")) return quoted(/^'([^']*)'/.exec(rest));
  if (rest.startsWith('"')) return quoted(/^"((?:[^"\\]|\\[\s\S])*)"/.exec(rest), unescapeDouble);
  if (rest.startsWith('\\')) return quoted(/^\\([\s\S])/.exec(rest), (value) => (value === '\n' ? '' : value));
  const [plain = ''] = /^[^\s'"\\]+/.exec(rest) ?? [];
  return { length: plain.length, value: plain };
}

function quoted(
  match: RegExpExecArray | null,
  unescape: (value: string) => string = (value) => value,
): { length: number; value: string } | undefined {
  return match === null ? undefined : { length: match[0].length, value: unescape(match[1] ?? '') };
}

/** Within double quotes a backslash means itself, but before these. */
function unescapeDouble(value: string): string {
  return value.replaceAll(/\\([$`"\\\n])/g, (_, char: string) => (char === '\n' ? '' : char));
}

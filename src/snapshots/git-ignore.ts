/** The rules of one `.gitignore` file (or `.amlignore`, whose syntax is the same). */
export interface IgnoreRules {
  /**
   * What the rules say about a path relative to their folder; undefined if none of them matches. Nothing is inferred from the folders above:
   * the caller does not enter a folder that is ignored.
   */
  decide(path: string, isFolder: boolean): 'ignored' | 'kept' | undefined;
}

interface Rule {
  pattern: RegExp;
  /** The pattern has no `/` inside: it is about the name, in whatever folder. */
  nameOnly: boolean;
  folderOnly: boolean;
  negated: boolean;
}

/**
 * Reads rules as git does (gitignore(5), and wildmatch in git's sources for what that leaves open): the last rule that matches decides.
 * git compares bytes; so do we, on one character a byte.
 */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap(parseLine)
    .reverse();
  return {
    decide: (path, isFolder) => {
      const bytes = toBytes(path);
      const name = bytes.slice(bytes.lastIndexOf('/') + 1);
      for (const { pattern, nameOnly, folderOnly, negated } of rules) {
        if (folderOnly && !isFolder) continue;
        if (pattern.test(nameOnly ? name : bytes)) return negated ? 'kept' : 'ignored';
      }
      return undefined;
    },
  };
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function parseLine(line: string): Rule[] {
  if (line.startsWith('#')) return [];
  let pattern = trimEnd(toBytes(line.replace(/\r$/, '')));
  const negated = pattern.startsWith('!');
  if (negated) pattern = pattern.slice(1);
  const folderOnly = pattern.endsWith('/');
  if (folderOnly) pattern = pattern.slice(0, -1);
  if (pattern === '') return [];
  const nameOnly = !pattern.includes('/');
  const source = translate(pattern.replace(/^\//, ''), nameOnly);
  return source === undefined ? [] : [{ pattern: new RegExp(`^${source}$`, 's'), nameOnly, folderOnly, negated }];
}

/** Blanks at the end don't count, but for one that a backslash protects. */
function trimEnd(pattern: string): string {
  let end = pattern.length;
  while (end > 0 && pattern[end - 1] === ' ') end -= 1;
  let backslashes = 0;
  while (pattern[end - 1 - backslashes] === '\\') backslashes += 1;
  return pattern.slice(0, backslashes % 2 === 1 && end < pattern.length ? end + 1 : end);
}

/** The regular expression of a pattern; undefined for one that can match nothing. */
function translate(pattern: string, nameOnly: boolean): string | undefined {
  const firstSpecial = pattern.search(/[*?[\\]/);
  let source = '';
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at] ?? '';
    if (char === '*') {
      const found = translateAsterisks(pattern, at, { nameOnly, firstSpecial });
      source += found.source;
      at = found.end;
    } else if (char === '?') {
      source += nameOnly ? '.' : '[^/]';
      at += 1;
    } else if (char === '[') {
      const found = translateClass(pattern, at, nameOnly);
      if (found === undefined) return undefined;
      source += found.source;
      at = found.end;
    } else {
      const literal = char === '\\' ? pattern[at + 1] : char;
      if (literal === undefined) return undefined;
      source += escapeChar(literal);
      at += char === '\\' ? 2 : 1;
    }
  }
  return source;
}

interface Translated {
  source: string;
  /** Where the pattern goes on. */
  end: number;
}

/**
 * One asterisk stays inside a folder. Two or more that are a whole part cross folders: with the `/` after them any number, none included.
 * git compares the text before the first special character apart, so that what follows it begins a part, too.
 */
function translateAsterisks(
  pattern: string,
  start: number,
  { nameOnly, firstSpecial }: { nameOnly: boolean; firstSpecial: number },
): Translated {
  let end = start;
  while (pattern[end] === '*') end += 1;
  if (nameOnly) return { source: '.*', end };
  const begins = start === firstSpecial || pattern[start - 1] === '/';
  if (end - start > 1 && begins) {
    if (pattern[end] === '/') return { source: '(?:.*/)?', end: end + 1 };
    if (end === pattern.length || pattern.startsWith('\\/', end)) return { source: '.*', end };
  }
  return { source: '[^/]*', end };
}

const namedClasses: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`{-~',
  space: ' \\t\\n\\v\\f\\r',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** A class in brackets; undefined if it is not closed or names an unknown class. It never matches a `/` in a path. */
function translateClass(pattern: string, start: number, nameOnly: boolean): Translated | undefined {
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at += 1;
  let members = '';
  for (let first = true; ; first = false) {
    const char = pattern[at];
    if (char === undefined) return undefined;
    if (char === ']' && !first) break;
    const named = char === '[' && pattern[at + 1] === ':' ? pattern.indexOf(']', at + 2) : -1;
    if (char === '[' && pattern[at + 1] === ':' && named === -1) return undefined;
    if (named !== -1 && pattern[named - 1] === ':' && named - 1 > at + 1) {
      const wholeClass = namedClasses[pattern.slice(at + 2, named - 1)];
      if (wholeClass === undefined) return undefined;
      members += wholeClass;
      at = named + 1;
      continue;
    }
    const low = readMember(pattern, at);
    if (low === undefined) return undefined;
    at = low.end;
    if (pattern[at] === '-' && pattern[at + 1] !== undefined && pattern[at + 1] !== ']') {
      const high = readMember(pattern, at + 1);
      if (high === undefined) return undefined;
      at = high.end;
      // A range that runs backwards holds nothing but, in git, its beginning.
      if (low.char <= high.char) members += `${escapeChar(low.char)}-${escapeChar(high.char)}`;
      else members += escapeChar(low.char);
    } else members += escapeChar(low.char);
  }
  const noSlash = nameOnly ? '' : '(?!/)';
  if (members === '') return { source: negated ? `${noSlash}[^]` : '(?!)', end: at + 1 };
  return { source: `${noSlash}[${negated ? '^' : ''}${members}]`, end: at + 1 };
}

function readMember(pattern: string, at: number): { char: string; end: number } | undefined {
  const char = pattern[at];
  if (char !== '\\') return char === undefined ? undefined : { char, end: at + 1 };
  const escaped = pattern[at + 1];
  return escaped === undefined ? undefined : { char: escaped, end: at + 2 };
}

function escapeChar(char: string): string {
  return /[A-Za-z0-9_]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

import { posix } from 'node:path';

/** A rule of a `.dockerignore` file. */
interface Rule {
  matches: (path: string) => boolean;
  negated: boolean;
}

/**
 * Reads a `.dockerignore` as BuildKit does: patterns are anchored at the context's root, `**` matches any number of folders, `!` takes back,
 * the last rule that matches decides; a rule that decided on a folder holds for all that is in it. Ask for paths without `.` and `..`.
 */
export function parseDockerIgnore(text: string): (path: string) => boolean {
  const rules = readRules(text);
  const folders = new Map<string, boolean[]>();
  const decide = (path: string): boolean[] => {
    const above = posix.dirname(path);
    return applyRules(rules, path, above === '.' ? undefined : decideFolder(above));
  };
  const decideFolder = (path: string): boolean[] => {
    const known = folders.get(path) ?? decide(path);
    folders.set(path, known);
    return known;
  };
  return (path) => {
    const last = decide(path).lastIndexOf(true);
    return last !== -1 && rules[last]?.negated === false;
  };
}

function readRules(text: string): Rule[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .flatMap((line) => {
      const written = line.trim();
      const negated = written.startsWith('!');
      const clean = posix.normalize(negated ? written.slice(1).trim() : written).replace(/\/$/, '');
      const pattern = clean.replace(/^\/(?=.)/, '');
      return pattern === '' || pattern === '.' ? [] : [{ negated, matches: toMatcher(pattern) }];
    });
}

/** Which rules matched the path or the folder above it, those left out that had nothing to decide when their turn came. */
function applyRules(rules: readonly Rule[], path: string, above: readonly boolean[] | undefined): boolean[] {
  let ignored = false;
  return rules.map(({ matches, negated }, index) => {
    const matched = above?.[index] === true || (negated === ignored && matches(path));
    if (matched) ignored = !negated;
    return matched;
  });
}

function toMatcher(pattern: string): Rule['matches'] {
  const tail = pattern.slice(2);
  // `**x` at the beginning matches the end of a name, too; everywhere else `**` stands for whole folders.
  if (pattern.startsWith('**') && !/[*?[\\\]]/.test(tail)) {
    return (path) => path.endsWith(tail) || (tail.startsWith('/') && path === tail.slice(1));
  }
  const expression = toExpression(pattern);
  return (path) => expression.test(path);
}

function toExpression(pattern: string): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] ?? '';
    if (char === '*' && pattern[index + 1] === '*') {
      index += pattern[index + 2] === '/' ? 2 : 1;
      source += index + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const set = readSet(pattern, index);
      if (set === undefined) source += '\\[';
      else {
        source += set.source;
        index = set.end;
      }
    } else if (char === '\\' && index + 1 < pattern.length) {
      index += 1;
      source += escape(pattern[index] ?? '');
    } else source += escape(char);
  }
  return new RegExp(`^${source}$`, 'su');
}

/** `[a-z]`, `[^a-z]`; a `!` means itself. Undefined where the bracket is not closed. */
function readSet(pattern: string, start: number): { source: string; end: number } | undefined {
  const match = /^\[(\^?)((?:\\.|[^\]\\])+)\]/su.exec(pattern.slice(start));
  if (match === null) return undefined;
  const [whole, caret = '', members = ''] = match;
  const escaped = members.replace(/\\(.)|([[&|~^])/gsu, (_, quoted?: string, special?: string) =>
    escape(quoted ?? special ?? ''),
  );
  return { source: `[${caret}${escaped}]`, end: start + whole.length - 1 };
}

function escape(char: string): string {
  return char.replace(/[\^$.*+?()[\]{}|\\/]/gu, '\\$&').replace(/^-$/, '\\x2d');
}

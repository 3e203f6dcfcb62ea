/** A rule of a `.dockerignore` file. */
interface Rule {
  pattern: RegExp;
  negated: boolean;
}

/**
 * Reads a `.dockerignore` as Docker does: patterns are anchored at the context's root, `**` matches any number of folders, `!` takes back,
 * the last rule that matches decides; a rule for a folder holds for all that is in it.
 */
export function parseDockerIgnore(text: string): (path: string) => boolean {
  const rules: Rule[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    let pattern = line.trim();
    if (pattern === '') continue;
    const negated = pattern.startsWith('!');
    if (negated) pattern = pattern.slice(1).trim();
    const clean = pattern
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
    if (clean !== '') rules.push({ pattern: toExpression(clean), negated });
  }
  return (path) => {
    let ignored = false;
    for (const { pattern, negated } of rules) if (pattern.test(path)) ignored = !negated;
    return ignored;
  };
}

function toExpression(pattern: string): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] ?? '';
    if (char === '*' && pattern[index + 1] === '*') {
      index += 1;
      if (pattern[index + 1] === '/') {
        index += 1;
        source += '(?:.*/)?';
      } else source += '.*';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', index + 1);
      if (end === -1) source += '\\[';
      else {
        source += `[${pattern.slice(index + 1, end).replace(/\\/g, '\\\\')}]`;
        index = end;
      }
    } else if (char === '\\' && index + 1 < pattern.length) {
      index += 1;
      source += escape(pattern[index] ?? '');
    } else source += escape(char);
  }
  return new RegExp(`^${source}(?:/.*)?$`, 's');
}

function escape(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

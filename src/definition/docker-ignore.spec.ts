import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDockerIgnore } from './docker-ignore.ts';

/** Paths with a `-` in front are left out. The answers are those of moby/patternmatcher 0.6.1, which BuildKit uses. */
const table: readonly (readonly [rules: string, ...paths: string[]])[] = [
  ['', 'a', '.git/a'],
  ['# a\na', '-a', 'b'],
  [' # a', 'a', '-# a'],
  ['a\r\nb\r\n', '-a', '-b/c', 'c'],
  ['\uFEFFa', '-a', 'b'],
  ['a', '-a', '-a/b', '-a/b/c', 'b/a', 'ab'],
  ['/a', '-a', 'b/a'],
  ['./a/', '-a', '-a/b'],
  ['a/../b', 'a', '-b'],
  ['../a', 'a'],
  ['.', 'a'],
  ['/', 'a'],
  ['*', '-a', '-a/b'],
  ['*.x', '-a.x', 'a/b.x', '-a.x/b'],
  ['a/*', 'a', '-a/b', '-a/b/c'],
  ['?', '-a', 'ab'],
  ['**', '-a', '-a/b'],
  ['**/', '-a', '-a/b'],
  ['**/a', '-a', '-b/a', '-b/c/a/d', 'ba'],
  ['**a', '-a', '-ba', '-b/ca', 'ab'],
  ['**a*', '-a', '-ab', 'ba', '-b/ab'],
  ['b**a', '-ba', '-bc/a', 'bca'],
  ['a/**', 'a', '-a/b', '-a/b/c'],
  ['a/**/b', '-a/b', '-a/x/b', '-a/x/y/b', 'a/xb'],
  ['[ab]', '-a', '-b', 'c'],
  ['[^a]', 'a', '-b'],
  ['[!a]', '-a', '-!', 'b'],
  ['[a-c].x', '-b.x', 'd.x'],
  ['x\\[1\\]', '-x[1]', 'x1'],
  ['\\#c', '-#c'],
  ['a+b', '-a+b', 'aab'],
  ['*\n!a', '-b', 'a', 'a/b'],
  ['*\n! a/b', '-a', 'a/b', '-a/c'],
  ['a\n!a/b\na/b/c', '-a/x', 'a/b/x', '-a/b/c'],
  ['!a\na', '-a'],
  // A `!` that had nothing to take back at the folder does not hold for what is in it.
  ['**/*.x\n!a', '-a/b.x', 'a/b'],
  ['**/*.x\n!a/*', 'a/b.x', '-b.x'],
  ['A', 'a', '-A'],
  ['ü', '-ü', 'u'],
];

describe('a .dockerignore', () => {
  it.each(table)('%j', (rules, ...paths) => {
    const isIgnored = parseDockerIgnore(rules);
    for (const path of paths) {
      const name = path.replace(/^-/, '');
      expect({ path: name, ignored: isIgnored(name) }).toEqual({ path: name, ignored: path !== name });
    }
  });

  it('answers the same whatever was asked before', () => {
    const segment = fc.constantFrom('a', 'b', '*', '**', '*.x', '[ab]', '?', '!a', '**a', '\\a', '[', '..');
    const pattern = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const name = fc.constantFrom('a', 'b', 'a.x', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 4 }),
        fc.array(path, { minLength: 1, maxLength: 6 }),
        (rules, paths) => {
          const text = rules.join('\n');
          const warm = parseDockerIgnore(text);
          for (const each of paths) expect(warm(each)).toBe(parseDockerIgnore(text)(each));
        },
      ),
    );
  });
});

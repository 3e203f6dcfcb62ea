import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseIgnoreRules } from './git-ignore.ts';

describe('the rules of a file', () => {
  test.each<[string, string, boolean, 'ignored' | 'kept' | undefined]>([
    ['*.log', 'a/b.log', false, 'ignored'],
    ['*.log\r\n!b.log\r\n', 'a/b.log', false, 'kept'],
    ['\uFEFF*.log', 'b.log', false, 'ignored'],
    ['# x\n\n', '# x', false, undefined],
    ['\\# x', '# x', false, 'ignored'],
    ['build/', 'build', false, undefined],
    ['build/', 'a/build', true, 'ignored'],
    ['/build', 'a/build', true, undefined],
    ['a/b', 'x/a/b', false, undefined],
    ['**/b', 'b', false, 'ignored'],
    ['a/**/b', 'a/b', false, 'ignored'],
    ['a/**', 'a', true, undefined],
    ['a/**', 'a/x/y', false, 'ignored'],
    ['trailing  ', 'trailing', false, 'ignored'],
    ['kept\\ ', 'kept ', false, 'ignored'],
    ['[!a]b', 'ab', false, undefined],
    ['[!a]b', 'cb', false, 'ignored'],
    ['[[:digit:]]x', '7x', false, 'ignored'],
    ['[z', '[z', false, undefined],
    ['?', 'ä', false, undefined],
    ['??', 'ä', false, 'ignored'],
  ])('%j says of `%s` (folder: %s): %s', (text, path, isFolder, expected) => {
    expect(parseIgnoreRules(text).decide(path, isFolder)).toBe(expected);
  });
});

describe('git as the judge', () => {
  let folder = '';
  const git = (args: string[], input?: string) =>
    spawnSync('git', args, {
      cwd: folder,
      input,
      encoding: 'utf8',
      env: { PATH: env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'terroir-ignore-'));
    git(['init', '-q']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const names = [
    'a',
    'b',
    'ab',
    'a.b',
    'ba',
    '[a]',
    'a-b',
    '.a',
    'é',
    'a b',
    '*',
    '\\a',
    'A',
    '1',
    'aab',
    '!a',
    '#a',
    'a]',
  ];
  const paths = names.flatMap((one) => [one, `${one}/a`, `${one}/aab/a`, `${one}/x/b/ab`, `${one}/*`, `${one}/x/*/ab`]);
  const part = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'x', '.', '-', ' ', '!', 'é', '1') },
    { weight: 3, arbitrary: fc.constantFrom('*', '**', '***', '?', '/', '/**/', '**/', '/**', '\\', '\\*', '\\/') },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '[ab]',
        '[!a]',
        '[^a-b]',
        '[a-',
        '[]a]',
        '[[:alpha:]]',
        '[[:alpha]',
        '[[:foo:]]',
        '[b-a]',
        '[a\\]b]',
        '[--b]',
        '[',
        ']',
        '[[:digit:]-a]',
        '[!]',
      ),
    },
  );
  const line = fc
    .tuple(
      fc.constantFrom('', '', '!', '/', '#', '\\'),
      fc.array(part, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('', '', '/', ' ', '\\ ', '\r'),
    )
    .map(([a, b, c]) => a + b.join('') + c);

  test('every path gets the same answer', () => {
    // All paths exist as files where they end and as folders where they go on; a path is asked for by itself, its folders not being ignored.
    let asked = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        writeFileSync(join(folder, '.gitignore'), text);
        const answer = git(
          ['check-ignore', '--no-index', '--stdin', '-z', '-v', '-n'],
          paths.map((path) => `${path}\0`).join(''),
        );
        const fields = answer.stdout.split('\0');
        const rules = parseIgnoreRules(text);
        const byGit = new Map<string, boolean>();
        for (let at = 0; at + 3 < fields.length; at += 4)
          byGit.set(fields[at + 3] ?? '', fields[at] !== '' && !(fields[at + 2] ?? '').startsWith('!'));
        for (const path of paths) {
          expect(isIgnored(rules, path), `${JSON.stringify(text)} on ${path}`).toBe(byGit.get(path));
          asked += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(asked).toBeGreaterThan(10_000);
  });

  /** Nothing exists on disk, so git takes the last part for a file and the others for folders. */
  function isIgnored(rules: ReturnType<typeof parseIgnoreRules>, path: string): boolean {
    for (let parent = path, parents: string[] = []; ; parent = dirname(parent)) {
      if (parent === '.') {
        for (const one of parents) if (rules.decide(one, true) === 'ignored') return true;
        return rules.decide(path, false) === 'ignored';
      }
      if (parent !== path) parents = [parent, ...parents];
    }
  }

  test('the sample is not empty of meaning', () => {
    mkdirSync(join(folder, 'x'), { recursive: true });
    expect(isIgnored(parseIgnoreRules('x/'), 'x/a')).toBe(true);
  });
});

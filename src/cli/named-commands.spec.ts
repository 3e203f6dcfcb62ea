import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commands } from './commands.ts';
import { globalOptions } from './global-options.ts';

const root = join(import.meta.dirname, '..', '..');
const texts = globSync(
  '{README.md,python/README.md,{docs,examples,deploy}/**/*.{md,yml,yaml},{src,web}/**/*.{ts,tsx}}',
  {
    cwd: root,
  },
).filter((path) => !path.endsWith('.spec.ts'));
const nouns = new Set(Object.keys(commands).map((name) => name.split(' ')[0]));

/** Command lines in docs, hints and examples. A noun is followed by a verb, not by what a program puts there. */
function commandLines(text: string): string[] {
  const lines = text.matchAll(/(?:`|^|^\$ |command: ['"]|npx )terroir (?:help )?(?!\w+ \$\{)([a-z][^\n`'"|&#]*)/gm);
  return [...lines].map(([, line = '']) => line.split(' -- ')[0]?.replace(/[\\,;:.]*\s*$/, '') ?? '');
}

it('every command that a text names is there, with its options', async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const path of texts) {
    for (const line of commandLines(readFileSync(join(root, path), 'utf8'))) {
      const words = line.split(/\s+/);
      const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((each) => Object.hasOwn(commands, each));
      if (name === undefined) {
        if (words.length > 1 || !nouns.has(words[0])) wrong.push(`${path}: ${line}`);
        continue;
      }
      count += 1;
      const { options = [] } = (await commands[name]?.load()) ?? {};
      const known = [...options, ...globalOptions].flatMap(({ flags }) => flags.match(/--?[a-z][a-z-]*/g) ?? []);
      const given = words.flatMap((word) => /^--?[a-z][a-z-]*/.exec(word)?.[0] ?? []);
      for (const option of given)
        if (![...known, '--help', '-h'].includes(option)) wrong.push(`${path}: ${line}: ${option}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(200);
});

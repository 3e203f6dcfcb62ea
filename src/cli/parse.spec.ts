import { describe, expect, it } from 'vitest';
import type { Command } from './command.ts';
import { HelpRequest, helpText, parseCommandLine } from './parse.ts';

const command: Command = {
  name: 'env try',
  summary: 'Try something',
  description: 'Tries something.',
  arguments: [
    { name: '<reference>', description: 'What' },
    { name: '[other]', description: 'More' },
  ],
  options: [
    { flags: '--tag <key=value>', description: 'A tag', repeatable: true },
    { flags: '--limit <n>', description: 'How many', default: '50' },
    { flags: '--dry-run', description: 'Do nothing' },
    { flags: '--kind <kind>', description: 'Of which kind', choices: ['a', 'b'] },
  ],
  examples: [{ command: 'terroir env try iris', does: 'try it' }],
  run: async () => await Promise.resolve({ data: null, text: '' }),
};
const runner: Command = { ...command, name: 'env go', takesCommandLine: true };

describe('a command line', () => {
  it('gives arguments, options with their defaults, and lists', () => {
    const { input, options } = parseCommandLine(command, ['iris', '--tag', 'a=1', '--dry-run', '--tag=b=2']);
    expect(input.arguments).toEqual(['iris', undefined]);
    expect(options.list('tag')).toEqual(['a=1', 'b=2']);
    expect(options.flag('dryRun')).toBe(true);
    expect(options.text('limit')).toBe('50');
    expect(options.text('kind')).toBeUndefined();
    expect(options.flag('json')).toBe(false);
  });

  it('leaves what follows `--` alone', () => {
    const { input, options } = parseCommandLine(runner, ['iris', '--', 'python', '--json', '--', '-x']);
    expect(input.rest).toEqual(['python', '--json', '--', '-x']);
    expect(options.flag('json')).toBe(false);
  });

  it.each<[string, Command, string[], string, string]>([
    ['an argument is missing', command, [], 'missing required argument `reference`', 'See `terroir env try --help`.'],
    ['there are too many', command, ['a', 'b', 'c'], 'too many arguments', 'See `terroir env try --help`.'],
    ['an option is unknown', command, ['a', '--dryrun'], 'unknown option `--dryrun`', 'Did you mean `--dry-run`?'],
    ['an option lacks its value', command, ['a', '--limit'], 'option `--limit <n>` argument missing', 'See `terroir'],
    ['a choice is none', command, ['a', '--kind', 'c'], 'argument `c` is invalid. Allowed choices are a, b.', 'See'],
    ['a command follows where none can', command, ['a', '--', 'ls'], '`terroir env try` takes no command', ''],
  ])('says what is wrong: %s', (_title, which, words, message, hint) => {
    const parse = (): unknown => parseCommandLine(which, words);
    expect(parse).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) as string }),
    );
    try {
      parse();
    } catch (error) {
      expect((error as { hint?: string }).hint ?? '').toContain(hint);
    }
  });

  it.each([['--help'], ['-h'], ['iris', '--help']])('answers %s with the help text', (...words) => {
    expect(() => parseCommandLine(command, words)).toThrow(HelpRequest);
    const text = helpText(command);
    for (const part of ['Usage: terroir env try', 'Tries something.', '--dry-run', '--json', '# try it'])
      expect(text).toContain(part);
    expect(helpText(runner)).toContain('Usage: terroir env go [options] <reference> [other] -- COMMAND [ARGS...]');
  });
});

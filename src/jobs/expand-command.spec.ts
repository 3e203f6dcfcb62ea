import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommandValues, expandCommand } from './index.ts';

const values: CommandValues = {
  inputs: { lr: '0.1', args: '--a 1 --b 2', data: { path: '/data/in' }, odd: { path: '/my data/it\'s "$HOME"' } },
  outputs: { model: '/runs/1/model' },
  optionalInputs: ['lr', 'unset'],
  name: 'brisk_otter',
};

test.each([
  ['train --lr $[[${{inputs.lr}}]]', 'train --lr 0.1'],
  ['train ${{ inputs.data }} ${{outputs.model}} ${{name}}', 'train /data/in /runs/1/model brisk_otter'],
  ['train ${{inputs.args}}', 'train --a 1 --b 2'],
  ['train $[[--x ${{inputs.unset}}]] end', 'train  end'],
  ['train $[[--x ${{inputs.unset}} --y ${{inputs.data}}]]end', 'train end'],
  ['train $[[--fixed]]', 'train --fixed'],
  ['echo $HOME ${HOME} $((1+1)) [[ -f x ]] {a,b}', 'echo $HOME ${HOME} $((1+1)) [[ -f x ]] {a,b}'],
  ['', ''],
])('%j becomes %j', (command, expected) => {
  expect(expandCommand(command, { ...values, inputs: { ...values.inputs } })).toBe(expected);
});

test.each([
  ['${{inputs.dat}}', 'in the command, there is no input `dat`', 'Did you mean `data`?'],
  ['${{outputs.modle}}', 'there is no output `modle`', 'Did you mean `model`?'],
  ['${{names}}', '`${{names}}` is no placeholder', 'Did you mean `${{name}}`?'],
  ['${{inputs.unset}}', 'the input `unset` is optional', '$[['],
  ['${{search_space.x}}', 'is no placeholder', 'Write `${{inputs.NAME}}`'],
])('%s is refused', (command, message, hint) => {
  expect(() => expandCommand(command, values)).toThrow(
    expect.objectContaining({
      code: 'INVALID_JOB',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    }),
  );
});

describe('paths reach the program as they are, wherever they stand', () => {
  const places: [string, (path: string) => string][] = [
    ['printf %s ${{inputs.p}}', (path) => path],
    ['printf %s "${{inputs.p}}"', (path) => path],
    ["printf %s '${{inputs.p}}'", (path) => path],
    ['printf %s --data=${{inputs.p}}/x', (path) => `--data=${path}/x`],
    ['printf %s "it\'s ${{inputs.p}}"', (path) => `it's ${path}`],
    ["printf %s 'a'\"b\"\\'${{inputs.p}}", (path) => `ab'${path}`],
    ["# don't\nprintf %s ${{inputs.p}} # it's", (path) => path],
    ["printf %s a#'b ${{inputs.p}}'", (path) => `a#b ${path}`],
    ['true; # "open\nprintf %s ${{inputs.p}}', (path) => path],
    ['printf %s $[[${{inputs.p}}]]', (path) => path],
  ];

  test.each(places)('%s', (command, expected) => {
    const part = fc.constantFrom(
      'a',
      ' ',
      "'",
      '"',
      '$',
      '`',
      '\\',
      '$(id)',
      ';',
      '&',
      '*',
      '~',
      '#',
      '\n',
      'é',
      '!',
      '-',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('')}`),
        (path) => {
          const text = expandCommand(command, { inputs: { p: { path } }, outputs: {} });
          const { stdout, stderr } = spawnSync('/bin/sh', ['-c', text], { encoding: 'utf8' });
          expect(stderr).toBe('');
          expect(stdout).toBe(expected(path));
        },
      ),
      { numRuns: 25 },
    );
  });
});

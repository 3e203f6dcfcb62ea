import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beside, diffLines } from './diff-lines.ts';

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

describe('the difference of two texts', () => {
  it('holds both', () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const lines = diffLines(from, to);
        const side = (without: string): string =>
          lines.flatMap((line) => (line.kind === without ? [] : [`${line.text}\n`])).join('');
        expect([side('to'), side('from')]).toEqual([from, to]);
        const rows = beside(lines);
        expect(rows.flatMap(({ left }) => left?.from ?? [])).toEqual(
          from
            .split('\n')
            .slice(0, -1)
            .map((_, i) => i + 1),
        );
        expect(rows.flatMap(({ right }) => right?.to ?? [])).toEqual(
          to
            .split('\n')
            .slice(0, -1)
            .map((_, i) => i + 1),
        );
      }),
    );
  });

  it('is small', () => {
    const lines = diffLines('name: iris\n- numpy==1\n- scipy\n', 'name: iris\n- numpy==2\n- scipy\n- six\n');
    expect(lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'same name: iris',
      'from - numpy==1',
      'to - numpy==2',
      'same - scipy',
      'to - six',
    ]);
    expect(beside(lines)).toHaveLength(4);
  });
});

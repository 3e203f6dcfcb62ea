import { describe, expect, it } from 'vitest';
import type { OptionValues } from './command.ts';
import { readTags } from './tags.ts';
import { readLimit, readWholeNumber } from './whole-number.ts';

const limitOf = (text: string | undefined): OptionValues => ({ text: () => text, flag: () => false, list: () => [] });

describe('--limit', () => {
  it.each([
    [undefined, 50],
    ['1', 1],
    ['1000', 1000],
  ])('%s', (text, limit) => {
    expect(readLimit(limitOf(text))).toBe(limit);
  });

  it.each(['0', '1001', '-1', '1.5', 'ten', '', ' '])('refuses %j', (text) => {
    expect(() => readLimit(limitOf(text))).toThrow(/--limit wants a whole number from 1 to 1000/);
  });
});

describe('a whole number', () => {
  it('may have bounds', () => {
    expect(readWholeNumber(limitOf('0'), 'runs', { from: 0 })).toBe(0);
    expect(readWholeNumber(limitOf(undefined), 'runs')).toBeUndefined();
    expect(() => readWholeNumber(limitOf('0'), 'parallel')).toThrow('--parallel wants a whole number from 1, not `0`');
    expect(() => readWholeNumber(limitOf('7'), 'n', { to: 6 })).toThrow(
      '--n wants a whole number from 1 to 6, not `7`',
    );
  });
});

describe('--tag', () => {
  it('reads words; without any there is nothing to set', () => {
    expect(readTags([])).toBeUndefined();
    expect(readTags(['a=1', 'b=', 'c=x=y', 'a=2'])).toEqual({ a: '2', b: '', c: 'x=y' });
    expect(Object.keys(readTags(['__proto__=x']) ?? {})).toEqual(['__proto__']);
  });

  it.each(['a', '=1', ''])('refuses %j', (word) => {
    expect(() => readTags([word])).toThrow(/is no tag/);
  });
});

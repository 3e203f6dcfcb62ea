import { describe, expect, it } from 'vitest';
import type { OptionValues } from './command.ts';
import { readLimit } from './limit.ts';
import { readTags } from './tags.ts';

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

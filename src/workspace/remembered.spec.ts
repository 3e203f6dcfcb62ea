import { expect, it } from 'vitest';
import { remembered } from './remembered.ts';

it('forgets what was asked for longest ago', () => {
  const memory = remembered<number>(40);
  for (const [at, text] of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee'].entries()) memory.keep(text.repeat(1), at);
  for (let at = 0; at < 4; at += 1) memory.keep(String(at).repeat(4), at);
  expect(memory.find('aaaa')).toBe(0);
  memory.keep('ffff', 9);
  memory.keep('gggg', 9);
  expect([memory.find('aaaa'), memory.find('bbbb'), memory.find('ffff')]).toEqual([0, undefined, 9]);
});

it('does not take what is a large part of all', () => {
  const memory = remembered<number>(40);
  memory.keep('aaaaa', 1);
  expect(memory.find('aaaaa')).toBeUndefined();
});

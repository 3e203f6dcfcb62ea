import { expect, it } from 'vitest';
import { formatCount } from './count.ts';

it.each([
  [0, 'package', '0 packages'],
  [1, 'package', '1 package'],
  [2, 'package', '2 packages'],
  [1, 'entry', '1 entry'],
  [3, 'entry', '3 entries'],
])('%d %s: %s', (count, word, text) => {
  expect(formatCount(count, word)).toBe(text);
});

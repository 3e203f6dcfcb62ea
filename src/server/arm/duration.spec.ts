import { expect, test } from 'vitest';
import { readDuration, writeDuration } from './duration.ts';

test.each([
  ['PT1H', 3600],
  ['PT30S', 30],
  ['PT0.5S', 0],
  ['P1DT2H3M4S', 93_784],
  ['P7D', 604_800],
  ['P', undefined],
  ['PT', undefined],
  ['P1M', undefined],
  ['1h', undefined],
  ['', undefined],
])('%s', (text, seconds) => {
  expect(readDuration(text)).toBe(seconds);
});

test('what is written is read again', () => {
  expect(readDuration(writeDuration(90_061))).toBe(90_061);
});

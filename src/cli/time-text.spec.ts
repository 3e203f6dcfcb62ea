import { expect, it } from 'vitest';
import { ago } from './time-text.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');

it.each([
  ['2026-03-01T12:00:00.000Z', 'now'],
  ['2026-03-01T11:59:59.500Z', 'now'],
  ['2026-03-01T11:59:59.000Z', '1s ago'],
  ['2026-03-01T11:59:00.001Z', '59s ago'],
  ['2026-03-01T11:59:00.000Z', '1m ago'],
  ['2026-03-01T11:00:00.000Z', '1h ago'],
  ['2026-02-28T12:00:00.000Z', '1d ago'],
  ['2025-03-01T12:00:00.000Z', '365d ago'],
  ['2026-03-01T13:00:00.000Z', 'now'],
  [null, ''],
  [undefined, ''],
])('%s is %s', (time, text) => {
  expect(ago(time, now)).toBe(text);
});

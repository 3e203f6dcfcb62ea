import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration } from './format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9949, '9.9 kB'],
    [9950, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [1_234_567, '1.2 MB'],
    [999_999_999, '1.0 GB'],
    [5e15, '5000 TB'],
  ])('%d', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [43.4, '43ms'],
    [999.4, '999ms'],
    [999.6, '1.00s'],
    [3124, '3.12s'],
    [59_994, '59.99s'],
    [59_996, '1m 00s'],
    [119_600, '2m 00s'],
    [125_000, '2m 05s'],
    [3_600_000, '60m 00s'],
  ])('%d', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

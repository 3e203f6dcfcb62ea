import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflateRuns } from './deflate-runs.ts';

const bytes = fc
  .array(fc.record({ byte: fc.nat(255), count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 700 })) }))
  .map((runs) => Buffer.concat(runs.map(({ byte, count }) => Buffer.alloc(count, byte))));

describe('deflating runs', () => {
  test('comes back as it was', () => {
    fc.assert(fc.property(bytes, (input) => inflateRawSync(deflateRuns(input)).equals(input)));
  });

  test.each([0, 1, 3, 4, 257, 258, 259, 260, 261, 517, 65535, 65536, 70000, 200_000])('packs a run of %i', (count) => {
    const input = Buffer.alloc(count, 7);
    expect(inflateRawSync(deflateRuns(input))).toEqual(input);
  });

  test.each([0, 65534, 65535, 65536, 131070, 131071])('stores %i bytes that have no runs', (count) => {
    const input = Buffer.from(Array.from({ length: count }, (_, index) => 144 + (index % 111)));
    const output = deflateRuns(input);
    expect(inflateRawSync(output)).toEqual(input);
    expect(output.length).toBeLessThanOrEqual(count + 5 * Math.max(1, Math.ceil(count / 65535)));
  });

  test('is what it was', () => {
    expect(deflateRuns(Buffer.from('aaaaaaaaab\0\0\0\0\0\0\0\0\0\0é')).toString('hex')).toBe('4b848124063838bc1200');
  });

  test('makes an empty header small', () => {
    expect(deflateRuns(Buffer.alloc(1024)).length).toBeLessThan(20);
  });
});

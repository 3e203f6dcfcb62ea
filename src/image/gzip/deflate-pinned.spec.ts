import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { checkCompressor, deflatePinned, sampleDigest } from './deflate-pinned.ts';

describe('the pinned compressor', () => {
  test('is the one of the official builds', () => {
    expect(sampleDigest()).toMatchInlineSnapshot(`"71931ff4ce860c6a0922836fcbf4b37009d5e9c8c81da99762e2c30dffc609d3"`);
    expect(checkCompressor).not.toThrow();
  });

  test('comes back as it was', async () => {
    const input = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * index) & 0xff));
    expect(inflateRawSync(await deflatePinned(input)).equals(input)).toBe(true);
  });
});

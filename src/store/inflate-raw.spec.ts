import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createInflateRaw, type InflateRaw, inflateRawAnew } from './inflate-raw.ts';

const inPlace = createInflateRaw();
const ways: [string, InflateRaw | undefined][] = [
  ['anew', inflateRawAnew],
  ['in place', inPlace],
];
const text = Buffer.from(Array.from({ length: 50_000 }, (_, at) => `${(at * 7919) % 1000},`).join(''));
const raw = deflateRawSync(text);

test('this Node has what it takes', () => {
  expect(inPlace).toBeDefined();
});

describe.each(ways)('inflating %s', (_, inflate = inflateRawAnew) => {
  test('one stream after the other, larger and smaller ones', () => {
    for (const content of [text, Buffer.from('short'), Buffer.alloc(0), text]) {
      const packed = deflateRawSync(content);
      const made = inflate(packed, content.length + 1);
      expect([made.content.equals(content), made.read]).toEqual([true, packed.length]);
    }
  });

  test('tells what it did not take', () => {
    const { content, read } = inflate(Buffer.concat([raw, Buffer.from('more')]), text.length + 1);
    expect([content.equals(text), read]).toEqual([true, raw.length]);
  });

  test.each([
    ['is cut off', raw.subarray(0, -5)],
    ['is no stream', Buffer.from([0xff, 0xff, 0xff])],
    ['is empty', Buffer.alloc(0)],
  ])('refuses what %s, and goes on with the next one', (_name, bytes) => {
    expect(() => inflate(bytes, text.length + 1)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^Z_/) }),
    );
    expect(inflate(raw, text.length + 1).content.equals(text)).toBe(true);
  });

  test('makes no more than asked for', () => {
    let made = 0;
    try {
      made = inflate(raw, 1000).content.length;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' });
    }
    expect(made).toBeLessThanOrEqual(1000);
  });
});

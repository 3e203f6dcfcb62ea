import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openInflater } from '../../store/index.ts';
import { gunzipAside, gunzipHere } from './gunzip.ts';

type Gunzip = (source: AsyncIterable<Uint8Array>, onUnread?: (size: number) => void) => AsyncIterable<Uint8Array>;

const ways: [string, Gunzip][] = [
  [
    'here',
    (source, onUnread) => {
      const inflater = openInflater('gzip');
      if (inflater === undefined) throw new Error('this Node has no such engine');
      return gunzipHere(inflater, source, onUnread);
    },
  ],
  ['aside', (source, onUnread) => gunzipAside(source, onUnread)],
];

const text = Buffer.from(Array.from({ length: 200_000 }, (_, at) => `${(at * 7919) % 1000},`).join(''));
const one = gzipSync(text);
const two = Buffer.concat([gzipSync(text.subarray(0, 300_000)), gzipSync(text.subarray(300_000))]);

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

async function take(gunzip: Gunzip, bytes: Buffer, size: number): Promise<{ content: Buffer; unread: number }> {
  const chunks: Buffer[] = [];
  let unread = 0;
  const onUnread = (left: number): void => {
    unread = left;
  };
  for await (const chunk of gunzip(cut(bytes, size), onUnread)) chunks.push(Buffer.from(chunk));
  return { content: Buffer.concat(chunks), unread };
}

describe.each(ways)('uncompressing %s', (_, gunzip) => {
  test.each([
    ['one member', one],
    ['two members', two],
    ['nothing in it', gzipSync('')],
  ])('%s', async (name, bytes) => {
    const expected = name === 'nothing in it' ? Buffer.alloc(0) : text;
    for (const size of [1 << 20, 4096, 1001]) {
      const { content, unread } = await take(gunzip, bytes, size);
      expect([content.equals(expected), unread]).toEqual([true, 0]);
    }
  });

  test('tells what stands behind the end', async () => {
    for (const size of [1 << 20, 1001]) {
      const { content, unread } = await take(gunzip, Buffer.concat([one, Buffer.alloc(5000)]), size);
      expect([content.equals(text), unread]).toEqual([true, 5000]);
    }
  });

  test.each([
    ['cut off in the middle', one.subarray(0, one.length >> 1)],
    ['cut off in its trailer', one.subarray(0, -3)],
    ['with a wrong checksum', Buffer.concat([one.subarray(0, -8), Buffer.alloc(4), one.subarray(-4)])],
    ['no gzip at all', Buffer.from('no gzip at all')],
  ])('refuses what is %s', async (_name, bytes) => {
    for (const size of [1 << 20, 1001])
      await expect(take(gunzip, bytes, size)).rejects.toMatchObject({ code: expect.stringMatching(/^Z_/) });
  });
});

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type LayerCompression, openTar } from './open-tar.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Each piece is valid until the next one is asked for. */
async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const content = Buffer.from(Array.from({ length: 30_000 }, (_, index) => `${(index * 7919) % 1000},`).join(''));
const skippable = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('notes')]);
const half = content.length >> 1;
const [first, second] = [content.subarray(0, half), content.subarray(half)];

const forms: [string, LayerCompression, Buffer][] = [
  ['plain', 'none', content],
  ['gzip', 'gzip', gzipSync(content)],
  ['gzip of two members', 'gzip', Buffer.concat([gzipSync(first), gzipSync(second)])],
  ['zstd', 'zstd', zstdCompressSync(content)],
  ['zstd of two frames', 'zstd', Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)])],
  ['zstd with a skippable frame first', 'zstd', Buffer.concat([skippable, zstdCompressSync(content)])],
  [
    'zstd with a skippable frame in between',
    'zstd',
    Buffer.concat([zstdCompressSync(first), skippable, zstdCompressSync(second), skippable]),
  ],
];

describe('opening a layer', () => {
  test.each(forms)('%s', async (_, compression, bytes) => {
    for (const size of [1 << 20, 4096, 1000, ...(bytes.length < 20_000 ? [1] : [])]) {
      let kind: string | undefined;
      const stream = openTar(pieces(bytes, size), {
        label: 'x',
        onCompression: (found) => {
          kind = found;
        },
      });
      expect((await collect(stream)).equals(content)).toBe(true);
      expect(kind).toBe(compression);
    }
  });

  test.each([
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ])('says that %s is cut off', async (_, bytes) => {
    await expect(collect(openTar(pieces(bytes.subarray(0, -20), 1000), { label: 'x' }))).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
    });
  });

  test('hands on what the source says', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield gzipSync(content).subarray(0, 1000);
      throw new Error('the line is dead');
    };
    await expect(collect(openTar(broken(), { label: 'x' }))).rejects.toThrow('the line is dead');
  });

  test('makes no more of a bomb than is taken', async () => {
    const zeros = zstdCompressSync(Buffer.alloc(1 << 28));
    const bomb = async function* (): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 1000; count += 1) yield zeros;
    };
    let taken = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of openTar(bomb(), { label: 'the bomb' })) taken += chunk.length;
    };
    await expect(read()).rejects.toThrow('`the bomb` is refused');
    expect(taken).toBeLessThan(2 ** 30 + 2 ** 20);
    expect(process.memoryUsage().rss).toBeLessThan(1.2e9);
  });

  test('can be left at any time', async () => {
    for (const [, , bytes] of forms) {
      for await (const chunk of openTar(pieces(bytes, 1000), { label: 'x' })) if (chunk.length > 0) break;
    }
  });
});

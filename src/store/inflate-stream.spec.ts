import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflateAside, inflateHere } from './inflate-stream.ts';
import { openInflater } from './inflater.ts';

type Inflate = (source: Iterable<Uint8Array>, take: (chunk: Buffer) => void) => number | Promise<number>;

const here =
  (kind: 'raw' | 'zstd'): Inflate =>
  (source, take) => {
    const engine = openInflater(kind);
    if (engine === undefined) throw new Error('this Node has no such engine');
    return inflateHere(engine, source, take);
  };
const aside =
  (kind: 'raw' | 'zstd'): Inflate =>
  async (source, take) =>
    await inflateAside(kind, source, take);

const text = Buffer.from(Array.from({ length: 300_000 }, (_, at) => `${(at * 7919) % 1000},`).join(''));
const forms: [string, Buffer, Inflate][] = [
  ['a raw stream here', deflateRawSync(text), here('raw')],
  ['a raw stream aside', deflateRawSync(text), aside('raw')],
  ['a zstd stream here', zstdCompressSync(text), here('zstd')],
  ['a zstd stream aside', zstdCompressSync(text), aside('zstd')],
];

/** Into the same memory, as those who read files do. */
function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    piece.copy(buffer);
    yield buffer.subarray(0, piece.length);
  }
}

async function collect(inflate: Inflate, bytes: Buffer, size: number): Promise<{ content: Buffer; read: number }> {
  const chunks: Buffer[] = [];
  const read = await inflate(cut(bytes, size), (chunk) => {
    chunks.push(Buffer.from(chunk));
  });
  return { content: Buffer.concat(chunks), read };
}

describe.each(forms)('%s', (_, packed, inflate) => {
  test('comes out whole, in pieces of any size', async () => {
    for (const size of [1 << 21, 4096, 1001]) {
      const { content, read } = await collect(inflate, packed, size);
      expect([content.equals(text), read]).toEqual([true, packed.length]);
    }
  });

  test('tells damage by its code', async () => {
    const damaged = Buffer.concat([Buffer.alloc(20, 0xff), packed.subarray(20)]);
    await expect(collect(inflate, damaged, 1001)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:Z|ZSTD)_/),
    });
  });

  test('ends with what the taker throws', async () => {
    const refuse = async (): Promise<void> => {
      await inflate(cut(packed, 1001), () => {
        throw new Error('enough');
      });
    };
    await expect(refuse()).rejects.toThrow('enough');
  });
});

test.each(forms)('%s goes on where a piece has filled the memory exactly', async (name, _, inflate) => {
  const blocks = Array.from({ length: 4 }, (_each, at) => Buffer.alloc(1 << 19, at));
  const pack = (block: Buffer, at: number): Buffer =>
    deflateRawSync(block, { finishFlush: at === 3 ? constants.Z_FINISH : constants.Z_FULL_FLUSH });
  const pieces = blocks.map((block, at) => (name.includes('raw') ? pack(block, at) : zstdCompressSync(block)));
  let size = 0;
  const read = await inflate(pieces, (chunk) => {
    size += chunk.length;
  });
  expect([size, read]).toEqual([4 << 19, Buffer.concat(pieces).length]);
});

describe.each(forms.slice(0, 2))('%s', (_, packed, inflate) => {
  test('does not take what stands behind its end', async () => {
    const { content, read } = await collect(inflate, Buffer.concat([packed, Buffer.alloc(300, 7)]), 1001);
    expect([content.equals(text), read]).toEqual([true, packed.length]);
  });

  test('is refused when it is cut off', async () => {
    await expect(collect(inflate, packed.subarray(0, -10), 1001)).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
  });
});

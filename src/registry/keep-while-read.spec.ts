import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Layer, verifyStream } from '../image/index.ts';
import { keepLayer } from './keep-while-read.ts';
import { createRegistry, type Repository } from './store/registry.ts';

const piece = Buffer.alloc(1 << 20, 'x');
const pieces = 12;
const digest = `sha256:${createHash('sha256')
  .update(Buffer.alloc(pieces << 20, 'x'))
  .digest('hex')}`;

let folder: string;
let repository: Repository;
let opened: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-keep-'));
  repository = createRegistry(folder).repository('bases');
  opened = 0;
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

/** From far away. */
function layerOf(content: () => AsyncIterable<Uint8Array>): Layer {
  const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: pieces << 20 };
  const layer: Layer = {
    descriptor,
    diffId: digest,
    open: () => {
      opened += 1;
      return verifyStream(content(), descriptor);
    },
  };
  return keepLayer(layer, repository, 'localhost');
}

async function* whole(): AsyncIterable<Uint8Array> {
  for (let at = 0; at < pieces; at += 1) yield await Promise.resolve(piece);
}

async function sizeOf(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const bytes of stream) size += bytes.length;
  return size;
}

const uploads = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((path) => /_uploads\/./.test(path));

test('whoever reads a layer brings it, once', async () => {
  const layer = layerOf(whole);
  expect(layer.from).toEqual({ registry: 'localhost', name: 'bases' });
  expect(await sizeOf(layer.open())).toBe(pieces << 20);
  expect(await repository.findBlob(digest)).toMatchObject({ size: pieces << 20 });
  expect(await sizeOf(layer.open())).toBe(pieces << 20);
  expect(opened).toBe(1);
  expect(await uploads()).toEqual([]);
});

test('nothing is kept of what somebody stopped reading', async () => {
  for await (const bytes of layerOf(whole).open()) {
    expect(bytes.length).toBe(1 << 20);
    break;
  }
  expect(await repository.findBlob(digest)).toBeUndefined();
  expect(await uploads()).toEqual([]);
});

test('nothing is kept of what breaks off, or is something else', async () => {
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(piece);
    throw new Error('the line is dead');
  };
  await expect(sizeOf(layerOf(broken).open())).rejects.toThrow('the line is dead');
  const other = async function* (): AsyncIterable<Uint8Array> {
    for await (const bytes of whole()) yield bytes;
    yield Buffer.from('more');
  };
  await expect(sizeOf(layerOf(other).open())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await repository.findBlob(digest)).toBeUndefined();
  expect(await uploads()).toEqual([]);
});

test('who reads hears of a copy that cannot be kept', async () => {
  const full = new Error('no space left');
  const layer = layerOf(whole);
  const failing = keepLayer(
    { ...layer, open: () => whole() },
    {
      ...repository,
      addBlob: async (content) => {
        for await (const _ of content as AsyncIterable<Uint8Array>) throw full;
        return { digest, size: 0 };
      },
    },
    'localhost',
  );
  await expect(sizeOf(failing.open())).rejects.toBe(full);
});

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeBzip2 } from '../../../test/kit/bzip2.ts';
import { compressZstd, condaMembers, makeCondaPackage } from '../../../test/kit/conda-package.ts';
import { writeTar } from '../../../test/kit/tar.ts';
import { writeZip } from '../../../test/kit/zip.ts';
import { sha256 } from '../../schema/index.ts';
import { createStore, openCondaArchives, type Store } from '../index.ts';

const [corrupt, hostile] = ['CORRUPT_ARCHIVE', 'HOSTILE_ARCHIVE'];
const index = ['info/index.json'];

describe('files of packages that are not unpacked', () => {
  let root: string;
  let store: Store;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-look-'));
    await mkdir(join(root, 'tmp'));
    store = createStore({ root });
  });
  afterEach(async () => {
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    await rm(root, { recursive: true, force: true });
  });

  const keep = async (bytes: Uint8Array): Promise<string> => {
    const file = join(root, 'arriving');
    await writeFile(file, bytes);
    return (await store.addArchive(file)).sha256;
  };
  const look = async (
    bytes: Uint8Array,
    filename: string,
    wanted: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, string>> => {
    const found = await store.readConda(await keep(bytes), { filename, wanted, signal });
    return Object.fromEntries([...found].map(([path, content]) => [path, content.toString()]));
  };

  it.each(['conda', 'tar.bz2'] as const)(
    '%s: what is there of what is wanted, until the best is found',
    async (format) => {
      const files = { 'share/a.txt': 'a', 'share/big.bin': 'x'.repeat(500_000), 'share/z.txt': 'z' };
      const { bytes, filename } = makeCondaPackage({ name: 'pkg', version: '1', files, format });
      expect(JSON.parse((await look(bytes, filename, index))['info/index.json'] ?? '')).toMatchObject({ name: 'pkg' });
      expect(Object.keys(await look(bytes, filename, ['info/none', 'info/files']))).toEqual(['info/files']);
      expect(await look(bytes, filename, ['share/z.txt'])).toEqual({ 'share/z.txt': 'z' });
      expect(await look(bytes, filename, ['share/none'])).toEqual({});
    },
  );

  it('the same of an info part alone', async () => {
    const info = compressZstd(writeTar([{ path: './info/index.json', content: Buffer.from('{}') }]));
    const found = await openCondaArchives(store).readInfo(info, { filename: 'a-1-0.conda', wanted: index });
    expect(String(found.get('info/index.json'))).toBe('{}');
  });

  it('does not read on behind what it looks for', async () => {
    const tar = writeTar([
      { path: 'info/index.json', content: Buffer.from('{}') },
      { path: 'share/more', content: Buffer.from('some text '.repeat(2048)) },
    ]);
    // What comes in a later block is no tar any more.
    const bytes = writeBzip2(Buffer.concat([tar.subarray(0, 3 * 512 + 20_480), Buffer.alloc(1024, 'x')]));
    expect(await look(bytes, 'a-1-0.tar.bz2', index)).toEqual({ 'info/index.json': '{}' });
  });

  /** Megabytes of zeros, nearly. */
  const bomb = (size: number): Buffer => writeBzip2(Buffer.alloc(250_000), { repeat: size * 4 });
  const zeros = (size: number): Buffer =>
    zstdCompressSync(Buffer.alloc(size), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
  const condaOf = (info: Uint8Array): Buffer =>
    writeZip(condaMembers('bomb-1-0', { info, pkg: compressZstd(writeTar([])) }));

  it.each<[what: string, code: string, message: RegExp, filename: string, bytes: () => Buffer]>([
    ['no bzip2', corrupt, /is no bzip2 stream/, 'a-1-0.tar.bz2', () => Buffer.from('nothing of the kind')],
    ['a cut one', corrupt, /is damaged/, 'a-1-0.tar.bz2', () => bomb(1).subarray(0, 30)],
    ['a bomb', hostile, /unpacks to more than 104857600 bytes/, 'bomb-1-0.tar.bz2', () => bomb(120)],
    ['no zip', corrupt, /./, 'a-1-0.conda', () => Buffer.from('<html>'.repeat(100))],
    ['no zstd', corrupt, /is no zstd stream/, 'a-1-0.conda', () => condaOf(Buffer.from('rubbish'))],
    ['a zstd bomb', hostile, /unpacks to more than 104857600 bytes/, 'a-1-0.conda', () => condaOf(zeros(101 << 20))],
    [
      'an index of 5 MB',
      hostile,
      /`info\/index.json` has 5000000 bytes/,
      'a-1-0.conda',
      () => condaOf(compressZstd(writeTar([{ path: 'info/index.json', content: Buffer.alloc(5_000_000, 0x20) }]))),
    ],
  ])('%s is refused, and does not stay in the store', async (_what, code, message, filename, make) => {
    const bytes = make();
    await expect(look(bytes, filename, index)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await store.hasArchive(sha256(bytes))).toBe(false);
  });

  it.each([
    ['bzip2', 'a-1-0.tar.bz2', () => bomb(90)],
    ['zstd', 'a-1-0.conda', () => condaOf(zeros(90 << 20))],
  ])('%s: somebody who interrupts is heard', async (_what, filename, make) => {
    const stop = new AbortController();
    const bytes = make();
    const sum = await keep(bytes);
    setTimeout(() => stop.abort(new Error('enough')), 5);
    await expect(store.readConda(sum, { filename, wanted: index, signal: stop.signal })).rejects.toThrow('enough');
    expect(await store.hasArchive(sum)).toBe(true);
  });
});

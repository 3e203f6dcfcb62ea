import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressZstd, condaMembers } from '../../../test/kit/conda-package.ts';
import { condaPackage, distribution } from '../../../test/kit/conda-records.ts';
import { writeTar } from '../../../test/kit/tar.ts';
import { writeZip } from '../../../test/kit/zip.ts';
import type { SolvedPackage } from '../../resolve/index.ts';
import { createStore, openCondaArchives } from '../../store/index.ts';
import { fetchInfoPart, type Ranges } from './archive-info.ts';
import { distributionsIn, readDistributionMetadata } from './find-distributions.ts';

test.each<[string, [string, string][]]>([
  ['lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA', [['numpy', '1.26.4']]],
  ['site-packages/ruamel.yaml-0.17.0.dist-info/RECORD', [['ruamel-yaml', '0.17.0']]],
  ['Lib/site-packages/Foo_Bar-1.0.dist-info/METADATA', [['foo-bar', '1.0']]],
  ['lib/python3.11/site-packages/six-1.16.0-py3.11.egg-info', [['six', '1.16.0']]],
  ['lib/python3.11/site-packages/PyYAML-6.0-py3.11.egg-info/PKG-INFO', [['pyyaml', '6.0']]],
  ['lib/python3.11/site-packages/torch-2.2.0+cu121.dist-info/METADATA', [['torch', '2.2.0+cu121']]],
  ['lib/python3.11/site-packages/x-1.0.0rc1.dist-info/METADATA', [['x', '1.0.0rc1']]],
  ['lib/python3.11/site-packages/setuptools/_vendor/wheel-0.43.0.dist-info/METADATA', []],
  ['lib/python3.11/site-packages/develop.egg-info/PKG-INFO', []],
  ['share/numpy-1.26.4.dist-info/METADATA', []],
  ['lib/python3.11/site-packages/numpy-1.26.4.data/scripts/f2py', []],
])('%s', (path, expected) => {
  expect(distributionsIn([path]).map(({ name, version }) => [name, version])).toEqual(expected);
});

test('each distribution once, sorted', () => {
  const paths = Object.keys({ ...distribution('b', '1.0'), ...distribution('a', '2.0') });
  expect(distributionsIn([...paths, ...paths])).toEqual([
    { name: 'a', version: '2.0' },
    { name: 'b', version: '1.0' },
  ]);
});

const ranges = (bytes: Buffer): Ranges => ({
  size: bytes.length,
  read: async (start, end) => await Promise.resolve(bytes.subarray(start, end)),
});

test('the info part of an archive, without the rest of it', async () => {
  const files = { 'share/a.txt': 'a', 'share/big.bin': 'x'.repeat(3_000_000) };
  const { bytes = Buffer.alloc(0) } = await condaPackage('pkg', '1.0', { files });
  const part = await fetchInfoPart(ranges(bytes));
  expect(zstdDecompressSync(part ?? '').toString('latin1')).toContain('"_path":"share/a.txt"');
});

const part = (name: string, content: Buffer, stored = true): Parameters<typeof writeZip>[0][number] => ({
  name,
  content,
  stored,
});

test.each<[string, () => Buffer, string]>([
  ['nothing', () => Buffer.alloc(0), 'it is no zip archive'],
  ['a page', () => Buffer.from('<html>'.repeat(100)), 'it is no zip archive'],
  ['another zip', () => writeZip([part('a.txt', Buffer.from('a'))]), 'it has no part'],
  ['a deflated part', () => writeZip([part('info-a.tar.zst', Buffer.from('a'.repeat(99)), false)]), 'compressed twice'],
  [
    'a directory that points outside',
    () => writeZip([part('info-a.tar.zst', zstdCompressSync(Buffer.alloc(1024)))], { end: { offset: 1 << 20 } }),
    'points outside',
  ],
  [
    'a member that points outside',
    () => writeZip([{ ...part('info-a.tar.zst', Buffer.from('abc')), declaredOffset: 1 << 20 }]),
    'points outside',
  ],
])('%s is refused', async (_title, make, message) => {
  await expect(fetchInfoPart(ranges(make()))).rejects.toThrow(message);
});

test('a package whose metadata cannot be read is named with its channel, and does not stay', async () => {
  const root = await mkdtemp(join(tmpdir(), 'terroir-metadata-'));
  const store = createStore({ root });
  const path = 'lib/python3.11/site-packages/a-1.0.dist-info/METADATA';
  const paths = JSON.stringify({ paths: [{ _path: path }] });
  const info = compressZstd(writeTar([{ path: 'info/paths.json', content: Buffer.from(paths) }]));
  await writeFile(join(root, 'a'), writeZip(condaMembers('a-1.0-0', { info, pkg: Buffer.from('rubbish') })));
  const { sha256 } = await store.addArchive(join(root, 'a'));
  const pkg = { filename: 'a-1.0-0.conda', channel: 'https://conda.example/c', sha256 } as SolvedPackage;
  const tools = { archives: openCondaArchives(store) } as Parameters<typeof readDistributionMetadata>[2];
  await expect(readDistributionMetadata(pkg, { name: 'a', version: '1.0' }, tools)).rejects.toMatchObject({
    code: 'CORRUPT_ARCHIVE',
    message: expect.stringMatching(
      /`a-1\.0-0\.conda` of the channel `https:\/\/conda\.example\/c` cannot be read/,
    ) as string,
  });
  expect(await store.hasArchive(sha256)).toBe(false);
  await rm(root, { recursive: true });
});

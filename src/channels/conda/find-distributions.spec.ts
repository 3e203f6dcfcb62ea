import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBzip2 } from '../../../test/kit/bzip2.ts';
import { condaPackage, distribution } from '../../../test/kit/conda-records.ts';
import { writeZip } from '../../../test/kit/zip.ts';
import { readInfoFile, readLocalInfo, readPackageFile } from './archive-info.ts';
import { distributionsIn } from './find-distributions.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-archive-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

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

const ranges = (bytes: Buffer): Parameters<typeof readInfoFile>[0] => ({
  size: bytes.length,
  read: async (start, end) => await Promise.resolve(bytes.subarray(start, end)),
});

test('files of an archive, in both parts', async () => {
  const files = { 'share/a.txt': 'a', 'share/big.bin': 'x'.repeat(3_000_000), 'share/z.txt': 'z' };
  const { bytes = Buffer.alloc(0), filename } = await condaPackage('pkg', '1.0', { files });
  const path = join(folder, filename);
  await writeFile(path, bytes);
  for (const found of [
    await readInfoFile(ranges(bytes), ['info/paths.json', 'info/none']),
    await readLocalInfo(path, ['info/paths.json', 'info/none']),
  ]) {
    expect([...found.keys()]).toEqual(['info/paths.json']);
    const { paths } = JSON.parse(found.get('info/paths.json')?.toString() ?? '') as { paths: { _path: string }[] };
    expect(paths.map(({ _path }) => _path)).toEqual(Object.keys(files));
  }
  expect((await readPackageFile(path, false, 'share/a.txt'))?.toString()).toBe('a');
  expect((await readPackageFile(path, false, 'share/z.txt'))?.toString()).toBe('z');
  expect(await readPackageFile(path, false, 'share/none')).toBeUndefined();
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
  ['a part that is no zstd', () => writeZip([part('info-a.tar.zst', Buffer.from('rubbish'))]), ''],
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
  const bytes = make();
  await expect(readInfoFile(ranges(bytes), ['info/paths.json'])).rejects.toThrow(message);
  const path = join(folder, 'broken.conda');
  await writeFile(path, bytes);
  await expect(readLocalInfo(path, ['info/paths.json'])).rejects.toThrow(message);
});

test('an old archive that is none, or ends early, has no files', async () => {
  const path = join(folder, 'x-1-0.tar.bz2');
  await writeFile(path, 'no bzip2 at all, but long enough to be looked at');
  await expect(readLocalInfo(path, ['info/files'])).rejects.toThrow();
  await writeFile(path, writeBzip2(Buffer.alloc(10_240)).subarray(0, 30));
  expect((await readLocalInfo(path, ['info/files']).catch(() => new Map())).size).toBe(0);
});

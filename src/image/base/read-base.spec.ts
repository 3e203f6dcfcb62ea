import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BaseEntry, type BaseOptions, debianLike, makeBase, writeBase } from '../../../test/kit/base-image.ts';
import { openImage } from '../open-image.ts';
import { openLayout } from '../sources/layout.ts';
import { baseText, parseBase } from './base-cache.ts';
import { findNode, listTree, resolvePath } from './file-tree.ts';
import { type Base, readBase } from './read-base.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-base-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

let count = 0;
async function read(layers: readonly (readonly BaseEntry[])[], options: Partial<BaseOptions> = {}): Promise<Base> {
  count += 1;
  const layout = await writeBase(join(folder, String(count)), [{ base: await makeBase({ layers, ...options }) }]);
  const image = await openImage(await openLayout(layout), { platform: { os: 'linux', architecture: 'amd64' } });
  return await readBase(image);
}

const paths = ({ root }: Base): string[] =>
  [...listTree(root)].map(
    ([path, { kind, target }]) => `${kind} ${path}${target === undefined ? '' : ` -> ${target}`}`,
  );

describe('reading a base', () => {
  test.each(['gzip', 'zstd', 'none'] as const)('finds libc and Pythons in %s layers', async (compression) => {
    const { facts, root } = await read([debianLike], { compression });
    expect(facts).toEqual({
      libc: { family: 'glibc', version: '2.36' },
      pythons: [
        {
          minor: '3.11',
          version: '3.11.2',
          path: '/usr/bin/python3.11',
          sitePackages: ['/usr/lib/python3/dist-packages'],
        },
      ],
    });
    expect(findNode(root, 'opt')).toMatchObject({ kind: 'folder', mode: 0o775, uid: 7, gid: 8 });
    expect(resolvePath(root, '/lib/x86_64-linux-gnu/libc.so.6').path).toBe('usr/lib/x86_64-linux-gnu/libc.so.6');
  });

  test('prefers the Python that the image starts', async () => {
    const python = (path: string, version: string): BaseEntry => ({
      name: path,
      mode: 0o755,
      content: `\0${version}\0`,
    });
    const layers = [
      [
        ...debianLike,
        python('usr/bin/python3.9', '3.9.1'),
        python('opt/conda/bin/python3.12', '3.12.4'),
        { name: 'usr/local/bin/python3.13', mode: 0o755, content: 'small' },
        { name: 'usr/local/lib/libpython3.13.so.1.0', content: '\x003.13.0rc2+\0' },
        { name: 'usr/local/lib/python3.13/site-packages/' },
        { name: 'usr/share/python3.10', mode: 0o755, content: 'no program' },
        { name: 'usr/bin/python3.8', mode: 0o644, content: 'not executable' },
        { name: 'usr/bin/python3.7', mode: 0o755, content: 'says nothing' },
      ],
    ];
    const versions = async (env: string[]): Promise<string[]> =>
      (await read(layers, { env })).facts.pythons.map(({ path, version }) => `${path} ${version}`);
    expect(await versions(['PATH=/usr/local/bin:/usr/bin'])).toEqual([
      '/usr/bin/python3.11 3.11.2',
      '/usr/local/bin/python3.13 3.13.0rc2',
      '/usr/bin/python3.7 3.7',
      '/usr/bin/python3.9 3.9.1',
      '/opt/conda/bin/python3.12 3.12.4',
    ]);
    expect((await versions(['PATH=/opt/conda/bin:/bin']))[0]).toBe('/usr/bin/python3.11 3.11.2');
    expect((await versions(['PATH=/opt/conda/bin']))[0]).toBe('/opt/conda/bin/python3.12 3.12.4');
  });

  test('knows musl, and an image without any libc', async () => {
    const musl = await read([
      [{ name: 'lib/ld-musl-x86_64.so.1', content: 'musl libc (x86_64)\nVersion %s\n\x001.2.4\0' }],
    ]);
    expect(musl.facts).toEqual({ libc: { family: 'musl', version: '1.2.4' }, pythons: [] });
    expect((await read([[{ name: 'app', content: 'static' }]])).facts).toEqual({ libc: undefined, pythons: [] });
  });

  test('finds a version that lies across two pieces of a large file', async () => {
    const content = Buffer.concat([
      Buffer.alloc((1 << 18) - 3, 'x'),
      Buffer.from('\x003.11.9\0'),
      Buffer.alloc(1 << 19),
    ]);
    const { facts } = await read([[{ name: 'usr/bin/python3.11', mode: 0o755, content }]]);
    expect(facts.pythons[0]?.version).toBe('3.11.9');
  });

  test('lays layers over each other, whiteouts and all', async () => {
    const base = await read([
      [
        { name: 'a/one', content: '1' },
        { name: 'a/two', content: '2' },
        { name: 'b/kept/deep', content: '3' },
        { name: 'b/gone/deep', content: '4' },
        { name: 'c', content: 'a file' },
        { name: 'd', linkname: 'a' },
        { name: 'top', content: '5' },
      ],
      [
        { name: 'a/.wh.one' },
        { name: 'a/three', content: '6' },
        { name: 'b/.wh.gone' },
        { name: '.wh.top' },
        { name: '.wh..wh.plnk', content: '' },
        { name: 'c/inside', content: '7' },
        { name: 'd/own', content: '8' },
        { name: 'e/hard', type: 'link', linkname: 'a/three' },
        { name: 'dev/null', type: 'character-device' },
        { name: 'run/pipe', type: 'fifo' },
      ],
      [{ name: 'b/.wh..wh..opq' }, { name: 'b/new', content: '9' }],
    ]);
    expect(paths(base)).toEqual([
      'folder a',
      'file a/three',
      'file a/two',
      'folder b',
      'file b/new',
      'folder c',
      'file c/inside',
      'folder d',
      'file d/own',
      'folder dev',
      'other dev/null',
      'folder e',
      'file e/hard',
      'folder run',
      'other run/pipe',
    ]);
  });

  test('keeps what a layer has besides its own whiteout', async () => {
    const base = await read([
      [{ name: 'a/old', content: '1' }],
      [{ name: 'a/new', content: '2' }, { name: 'a/.wh..wh..opq' }, { name: '.wh.b' }, { name: 'b', content: '3' }],
    ]);
    expect(paths(base)).toEqual(['folder a', 'file a/new', 'file b']);
  });

  test('comes back from a file as it was', async () => {
    const base = await read([debianLike, [{ name: 'opt/new\nline', content: '' }]]);
    const again = parseBase(Buffer.from(baseText(base)));
    expect(again?.facts).toEqual(base.facts);
    expect(again === undefined ? [] : paths(again)).toEqual(paths(base));
    const damaged = Buffer.from(baseText(base));
    damaged[200] = (damaged[200] as number) ^ 1;
    expect(parseBase(damaged)).toBeUndefined();
  });

  test.each([
    ['../evil', 'HOSTILE_ARCHIVE'],
    ['a/../../evil', 'HOSTILE_ARCHIVE'],
    [`${'d/'.repeat(3000)}f`, 'HOSTILE_ARCHIVE'],
  ])('refuses a path like %.20s', async (name, code) => {
    await expect(read([[{ name, content: 'x' }]])).rejects.toMatchObject({ code });
  });

  test('refuses layers that are not what the image says', async () => {
    const good = await makeBase({ layers: [debianLike] });
    const other = await makeBase({ layers: [[{ name: 'x', content: 'y' }]] });
    const [layer, config, manifest] = good.blobs as [never, never, never];
    count += 1;
    const at = join(folder, String(count));
    // The blob is another one.
    const swapped = { ...(layer as object), bytes: other.blobs[0]?.bytes } as never;
    await writeBase(at, [{ base: { manifest, blobs: [swapped, config, manifest] } }]);
    const image = await openImage(await openLayout(at), { platform: { os: 'linux', architecture: 'amd64' } });
    await expect(readBase(image)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    const lying = { ...image, layers: image.layers.map((each) => ({ ...each, diffId: `sha256:${'0'.repeat(64)}` })) };
    await writeBase(at, [{ base: good }]);
    await expect(readBase(lying)).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  });
});

describe('following paths', () => {
  const layers: BaseEntry[] = [
    { name: 'opt', linkname: 'usr/opt' },
    { name: 'usr/opt', linkname: '/data/../srv/opt' },
    { name: 'srv/' },
    { name: 'loop', linkname: 'loop2' },
    { name: 'loop2', linkname: '/loop' },
    { name: 'file', content: 'x' },
    { name: 'out', linkname: '../../../etc' },
    { name: 'etc/' },
  ];
  test.each([
    ['/opt/terroir/env', 'srv/opt/terroir/env'],
    ['/out/x', 'etc/x'],
    ['/new/path', 'new/path'],
    ['//srv/./x/../y', 'srv/y'],
    ['/', ''],
  ])('%s leads to %s', async (path, expected) => {
    expect(resolvePath((await read([layers])).root, path).path).toBe(expected);
  });
  test.each(['/loop/x', '/file/x'])('%s leads nowhere', async (path) => {
    const { root } = await read([layers]);
    expect(() => resolvePath(root, path)).toThrow(expect.objectContaining({ code: 'INVALID_IMAGE' }));
  });
});

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, createDeflateRaw, deflateRawSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Installed } from '../../../test/kit/install.ts';
import { createWorkshop, filesBelow, readLayer, type Workshop } from '../../../test/kit/layers.ts';
import { makeWheel, type WheelOptions } from '../../../test/kit/wheel.ts';
import type { MadeLayer } from './build-layers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-layers-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

let count = 0;
const workshops: Workshop[] = [];
function workshop(options?: { threads?: number }): Workshop {
  count += 1;
  const made = createWorkshop(join(folder, String(count)), options);
  workshops.push(made);
  return made;
}
afterAll(async () => await Promise.all(workshops.map(async ({ builder }) => await builder.close())));

function wheel(options: WheelOptions, rest: Partial<Installed> = {}): Installed {
  const { name, version } = options;
  return { ...makeWheel(options), name, version, ...rest };
}

const text = Array.from({ length: 400 }, (_, index) => `line ${index * 7919}\n`).join('');
const alpha = wheel({
  name: 'alpha',
  version: '1.0',
  files: { 'alpha/__init__.py': text, 'alpha/data.bin': Buffer.alloc(3000, 'ab'), 'alpha/ünïcode.txt': 'ü' },
  entryPoints: { console_scripts: { alpha: 'alpha:main' } },
  scripts: { 'alpha-tool': '#!python\nprint(1)\n', 'alpha-sh': `#!/bin/sh\n${text}` },
  data: { 'data/share/alpha.txt': text },
});
const beta = wheel({ name: 'beta', version: '2.0', files: { 'beta.py': text } });
const gamma = wheel({ name: 'gamma', version: '3.0', files: { 'alpha/data.bin': 'mine now' } });

const summary = (layers: readonly MadeLayer[]): string[] =>
  layers.map(({ packages, digest, diffId, size }) => `${packages.join(', ')} ${digest} ${diffId} ${size}`);

/** What every layer of these tests has to be. */
async function check({ bytes }: Workshop, layers: readonly MadeLayer[]): Promise<void> {
  const paths = new Set<string>();
  for (const layer of layers) {
    const blob = await bytes(layer);
    expect(createHash('sha256').update(blob).digest('hex')).toBe(layer.digest);
    expect(blob.length).toBe(layer.size);
    expect(createHash('sha256').update(gunzipSync(blob)).digest('hex')).toBe(layer.diffId);
    for (const [path, { type, uid, gid, mode, mtime }] of await readLayer(blob)) {
      expect({ path, uid, gid, time: mtime?.getTime() }).toEqual({ path, uid: 0, gid: 0, time: 946_684_800_000 });
      expect(mode).toBeOneOf(type === 'directory' ? [0o755] : type === 'symlink' ? [0o777] : [0o644, 0o755]);
      expect(path.startsWith('opt/')).toBe(true);
      if (type === 'directory') continue;
      expect(paths.has(path), path).toBe(false);
      paths.add(path);
    }
  }
}

describe('layers of wheels', () => {
  test('have every file of the plan once', async () => {
    const shop = workshop();
    const layers = await shop.build([alpha, beta]);
    await check(shop, layers);
    expect(layers.map(({ kind, packages }) => [kind, packages])).toEqual([
      ['packages', ['beta 2.0']],
      ['packages', ['alpha 1.0']],
      ['environment', []],
    ]);
    const first = await readLayer(await shop.bytes(layers[1] as MadeLayer));
    const site = 'opt/terroir/env/lib/python3.11/site-packages';
    expect([...first].filter(([, { type }]) => type !== 'directory').map(([path]) => path)).toEqual([
      `${site}/alpha-1.0.dist-info/METADATA`,
      `${site}/alpha-1.0.dist-info/WHEEL`,
      `${site}/alpha-1.0.dist-info/entry_points.txt`,
      `${site}/alpha/__init__.py`,
      `${site}/alpha/data.bin`,
      `${site}/alpha/ünïcode.txt`,
      'opt/terroir/env/bin/alpha',
      'opt/terroir/env/bin/alpha-sh',
      'opt/terroir/env/bin/alpha-tool',
      `${site}/alpha-1.0.dist-info/INSTALLER`,
      `${site}/alpha-1.0.dist-info/RECORD`,
      'opt/terroir/env/share/alpha.txt',
    ]);
    expect(first.get(`${site}/alpha/__init__.py`)?.content.toString()).toBe(text);
    expect(first.get('opt/terroir/env/bin/alpha-sh')).toMatchObject({
      mode: 0o755,
      content: Buffer.from(`#!/bin/sh\n${text}`),
    });
    expect(first.get('opt/terroir/env/bin/alpha-tool')?.content.toString()).toBe(
      '#!/opt/terroir/env/bin/python\nprint(1)\n',
    );
    const last = await readLayer(await shop.bytes(layers[2] as MadeLayer));
    expect([...last.keys()]).toEqual([
      'opt/',
      'opt/terroir/',
      'opt/terroir/env/',
      'opt/terroir/env/bin/',
      'opt/terroir/env/bin/activate',
      'opt/terroir/env/bin/python',
      'opt/terroir/env/bin/python3',
      'opt/terroir/env/bin/python3.11',
      'opt/terroir/env/lib/',
      'opt/terroir/env/lib/python3.11/',
      'opt/terroir/env/lib/python3.11/EXTERNALLY-MANAGED',
      'opt/terroir/env/lib64',
      'opt/terroir/env/pyvenv.cfg',
    ]);
    expect(last.get('opt/terroir/env/bin/python')?.linkname).toBe('/usr/bin/python3.11');
  });

  test('have these digests', async () => {
    expect(summary(await workshop().build([alpha, beta]))).toMatchInlineSnapshot(`
      [
        "beta 2.0 ece3fb0a53bbb227bd36e57a51ecba8f1372f2ac0862c3bcd61e153df74a12e2 1f6138e31160eddb9b2961544a3a367625bf45bcc42c3d0227369d8b7c21a08a 3333",
        "alpha 1.0 50e37edfaf7a17a513b570ca9c4b2e0d8f14f9d8c0f5453b6920f5b0f85af613 917713ceb13c21cc4d9d8e27b2183f5390d2a6620dc13649e575b51cd6acbf32 8589",
        " d2564e56caa847de4f01f43fab737a9e79afaa5b74ead8710766a8f06fdf8869 9d8b0d8ef6d11154ae306491aa494e45298db7f0925ef5b13d87a2bab483fbd3 2121",
      ]
    `);
  });

  test('are the same in another order, with other threads, from a warm store, in another folder, at another time', async () => {
    const shop = workshop({ threads: 1 });
    const first = summary(await shop.build([alpha, beta, gamma]));
    const blobs = filesBelow(join(shop.store.root, 'layers'));
    expect(summary(await shop.build([alpha, beta, gamma]))).toEqual(first);
    expect(filesBelow(join(shop.store.root, 'layers'))).toEqual(blobs);
    const other = workshop({ threads: 3 });
    await other.bring([gamma, beta, alpha]);
    for (const file of filesBelow(join(other.store.root, 'archives')))
      await utimes(join(other.store.root, 'archives', file), 1, 1);
    // What is unpacked already is not read again for the plan.
    await other.store.ensureWheel(alpha.sha256, alpha.filename);
    expect(summary(await other.build([alpha, beta, gamma]))).toEqual(first);
    // Another order of packages that do not meet.
    expect(summary(await workshop().build([beta, alpha]))).toEqual(summary(await shop.build([alpha, beta])));
  });

  test('are shared between environments, whoever asked for the package', async () => {
    const shop = workshop();
    const [, first] = await shop.build([{ ...alpha, requested: true }, beta]);
    const [second] = await shop.build([alpha]);
    expect(first).toEqual(second);
    const glue = (await shop.build([{ ...alpha, requested: true }])).at(-1) as MadeLayer;
    const path = 'opt/terroir/env/lib/python3.11/site-packages/alpha-1.0.dist-info/REQUESTED';
    expect((await readLayer(await shop.bytes(glue))).get(path)?.size).toBe(0);
  });

  test('leave out what another package has, in a layer that nobody else gets', async () => {
    const shop = workshop();
    const layers = await shop.build([alpha, beta, gamma]);
    await check(shop, layers);
    expect(layers.map(({ packages }) => packages)).toEqual([['beta 2.0'], ['gamma 3.0'], ['alpha 1.0'], []]);
  });

  test('are what Python reads', async () => {
    const shop = workshop();
    const [layer] = await shop.build([alpha]);
    const script = `import sys, tarfile
with tarfile.open(sys.argv[1], 'r:gz') as archive:
    for member in archive: print(member.name, member.size, archive.extractfile(member).read()[:4] if member.isfile() else '')`;
    const path = shop.builder.cache.blobPath((layer as MadeLayer).digest);
    const { stdout, stderr } = spawnSync('python3', ['-c', script, path], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, PYTHONUTF8: '1' },
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toHaveLength((await readLayer(await shop.bytes(layer as MadeLayer))).size + 1);
    expect(stdout).toContain("alpha/ünïcode.txt 2 b'\\xc3\\xbc'");
    const listed = spawnSync('tar', ['-tvzf', path], { encoding: 'utf8' });
    expect(listed).toMatchObject({ status: 0, stderr: '' });
  });

  test('come from stored members, data descriptors and zip64 as from others', async () => {
    const shop = workshop();
    const content = Buffer.from(text);
    const odd = wheel({
      name: 'odd',
      version: '1',
      files: {},
      extra: [
        { name: 'odd/stored', content, stored: true },
        { name: 'odd/later', content, descriptor: 'signed' },
        { name: 'odd/wide', content, zip64: 'both' },
        { name: 'odd/empty', content: Buffer.alloc(0) },
        { name: 'odd/empty-stored', content: Buffer.alloc(0), stored: true },
        { name: 'odd/large', content: Buffer.alloc(5 << 20, text) },
        { name: 'odd/large-stored', content: Buffer.alloc(5 << 20, text), stored: true },
      ],
    });
    const layers = await shop.build([odd]);
    await check(shop, layers);
    const files = await readLayer(await shop.bytes(layers[0] as MadeLayer));
    for (const name of ['stored', 'later', 'wide'])
      expect(files.get(`opt/terroir/env/lib/python3.11/site-packages/odd/${name}`)?.content.equals(content)).toBe(true);
  });
});

describe('hostile wheels', () => {
  /** Deflates zeros without holding them. */
  async function zeros(size: number, before: Buffer): Promise<Buffer> {
    const stream = createDeflateRaw({ level: 1 });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.write(before);
    const block = Buffer.alloc(1 << 20);
    for (let done = 0; done < size; done += block.length)
      if (!stream.write(block)) await new Promise((resolve) => stream.once('drain', resolve));
    stream.end();
    await ended;
    return Buffer.concat(chunks);
  }
  const hostile = async (extra: WheelOptions['extra'], code: string): Promise<void> => {
    const shop = workshop();
    const evil = wheel({ name: 'evil', version: '1', extra });
    await expect(shop.build([evil])).rejects.toMatchObject({ code });
    expect(await shop.store.hasArchive(evil.sha256)).toBe(false);
    expect(await readdir(join(shop.store.root, 'tmp'))).toEqual([]);
    expect(filesBelow(join(shop.store.root)).filter((path) => path.startsWith('layers'))).toEqual([]);
  };
  const content = Buffer.from('harmless\n'.repeat(100));

  test.each([1, 512, 70_000])('with a stream %i bytes longer than declared are refused', async (more) => {
    const body = deflateRawSync(Buffer.concat([content, Buffer.alloc(more)]));
    await hostile([{ name: 'evil/data', content, body }], 'HOSTILE_ARCHIVE');
  });

  test('with a stream 4 GiB longer than declared, which gzip cannot notice, are refused', async () => {
    const body = await zeros(2 ** 32, content);
    // Of all of it, as gzip's own check would have it.
    let checksum = crc32(content);
    const block = Buffer.alloc(1 << 24);
    for (let done = 0; done < 2 ** 32; done += block.length) checksum = crc32(block, checksum);
    await hostile([{ name: 'evil/data', content, body, declaredCrc: checksum }], 'HOSTILE_ARCHIVE');
    await hostile(
      [{ name: 'evil/data', content: Buffer.alloc(5 << 20), body, declaredCrc: checksum }],
      'HOSTILE_ARCHIVE',
    );
  }, 60_000);

  test.each([
    ['a stream that is too short', { body: deflateRawSync(content.subarray(9)) }, 'HOSTILE_ARCHIVE'],
    ['bytes behind the stream', { trailing: Buffer.from('tail') }, 'HOSTILE_ARCHIVE'],
    ['a wrong checksum', { declaredCrc: 1 }, 'CORRUPT_ARCHIVE'],
    ['a cut stream', { body: deflateRawSync(content).subarray(0, -2) }, 'CORRUPT_ARCHIVE'],
  ] as const)('with %s are refused', async (_, entry, code) => {
    await hostile([{ name: 'evil/data', content, ...entry }], code);
  });

  test('that would hide what other layers have are refused', async () => {
    await hostile([{ name: 'evil/.wh.data', content }], 'HOSTILE_ARCHIVE');
  });

  test('do not spoil what is built besides them', async () => {
    const shop = workshop({ threads: 2 });
    const bad = wheel({ name: 'evil', version: '1', extra: [{ name: 'evil/x', content, declaredCrc: 1 }] });
    await expect(shop.build([alpha, bad, beta])).rejects.toMatchObject({ code: 'CORRUPT_ARCHIVE' });
    expect(summary(await shop.build([alpha, beta]))).toEqual(summary(await workshop().build([alpha, beta])));
  });
});

describe('the cache of layers', () => {
  test('notices a blob that is not what it was', async () => {
    const shop = workshop();
    const [layer] = (await shop.build([alpha])) as [MadeLayer];
    const path = shop.builder.cache.blobPath(layer.digest);
    await rm(path);
    await writeFile(path, Buffer.alloc(layer.size));
    const read = async (): Promise<number> => {
      let size = 0;
      for await (const chunk of shop.builder.cache.open(layer)) size += chunk.length;
      return size;
    };
    await expect(read()).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(await shop.build([alpha])).toContainEqual(layer);
    expect(await read()).toBe(layer.size);
  });

  test('makes again what is gone or cut', async () => {
    const shop = workshop();
    const layers = await shop.build([alpha]);
    await rm(shop.builder.cache.blobPath((layers[0] as MadeLayer).digest));
    await writeFile(shop.builder.cache.blobPath((layers[1] as MadeLayer).digest), 'short').catch(() => undefined);
    expect(await shop.build([alpha])).toEqual(layers);
  });

  test('says when an archive was damaged here, and drops it', async () => {
    const shop = workshop();
    await shop.bring([alpha]);
    const path = shop.store.archivePath(alpha.sha256);
    const bytes = Buffer.from(alpha.bytes);
    bytes.fill(0, 200, 260);
    await rm(path);
    await writeFile(path, bytes);
    await expect(shop.build([alpha])).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(await shop.store.hasArchive(alpha.sha256)).toBe(false);
    await expect(shop.build([alpha])).resolves.toHaveLength(2);
  });

  test('gives up what was not used for long', async () => {
    const shop = workshop();
    const layers = await shop.build([alpha, beta]);
    expect(await shop.builder.cache.gc({ olderThanDays: 1 })).toEqual({ removed: { count: 0, bytes: 0 } });
    const { removed } = await shop.builder.cache.gc({ olderThanDays: -1, dryRun: true });
    expect(removed.count).toBe(layers.length);
    await shop.builder.cache.gc({ olderThanDays: -1 });
    expect(filesBelow(join(shop.store.root, 'layers'))).toEqual([]);
    expect(await shop.build([alpha, beta])).toEqual(layers);
  });

  test('is whole after a copy of it was built at the same time', async () => {
    const shop = workshop({ threads: 2 });
    const [first, second] = await Promise.all([shop.build([alpha, beta]), shop.build([alpha, beta])]);
    expect(first).toEqual(second);
    await cp(join(shop.store.root, 'layers'), join(folder, 'copy'), { recursive: true });
    expect(await readdir(join(shop.store.root, 'tmp'))).toEqual([]);
  });
});

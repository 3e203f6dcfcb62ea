import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BuiltImage,
  composeIndex,
  createArchiveSink,
  createImageBuilder,
  createLayoutSink,
  findNode,
  type Image,
  type ImageBuilder,
  imagePrefix,
  isMultiImage,
  openAll,
  openArchive,
  openImage,
  openLayout,
  validateImage,
  withArchiveFile,
  writeImage,
} from '../../src/image/index.ts';
import type { Lock } from '../../src/schema/index.ts';
import { createStore, type Store } from '../../src/store/index.ts';
import { type BaseOptions, debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import { type Installed, lockOf } from '../kit/install.ts';
import { basePython } from '../kit/layers.ts';
import { makeWheel, type WheelOptions } from '../kit/wheel.ts';

const run = promisify(execFile);
const amd64 = { os: 'linux', architecture: 'amd64' };

let folder: string;
const builders: ImageBuilder[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-image-'));
});
afterAll(async () => {
  await Promise.all(builders.map(async (builder) => await builder.close()));
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
function place(): string {
  count += 1;
  return join(folder, String(count));
}

const text = Array.from({ length: 300 }, (_, index) => `x${index} = ${index * 31}\n`).join('');
const made: readonly (WheelOptions & { requested: boolean })[] = [
  { name: 'alpha', version: '1.0', requested: true, files: { 'alpha/__init__.py': text, 'alpha/data': 'small' } },
  {
    name: 'beta',
    version: '2.0',
    requested: false,
    files: { 'beta.py': text },
    entryPoints: { console_scripts: { beta: 'beta:main' } },
  },
];
const wheels: Installed[] = made.map((options) => {
  const { name, version, requested } = options;
  return { ...makeWheel(options), name, version, requested };
});

async function bring(store: Store): Promise<void> {
  for (const { sha256, filename, bytes } of wheels)
    await store.ensureArchive({ sha256, filename }, async (file) => await writeFile(file, bytes));
}

async function baseLayout(options: Partial<BaseOptions> = {}): Promise<string> {
  return await writeBase(place(), [{ base: await makeBase({ layers: [debianLike], ...options }) }]);
}

type Extra = Partial<Parameters<ImageBuilder['build']>[0]>;

/** All that it takes from a lock, a store and a base to an image. */
async function compose(layout: string, lock: Lock | undefined, extra: Extra = {}, threads = 1): Promise<BuiltImage> {
  const store = createStore({ root: place(), threads: 1 });
  const builder = createImageBuilder({ store, threads });
  builders.push(builder);
  return await store.whileInstalling(async () => {
    await bring(store);
    const base = await openImage(await openLayout(layout), { platform: amd64 });
    const { base: tree } = await builder.readBase(base);
    return await builder.build({ base, tree, baseReference: 'registry.example/debian:12', lock, ...extra });
  });
}

/** Every image that these tests write is held against all rules. */
async function write(image: Image): Promise<string> {
  const layout = place();
  await writeImage(image, createLayoutSink(layout), { tags: ['latest'] });
  expect(await validateImage(await openLayout(layout))).toEqual([]);
  return layout;
}

/** As an engine would see it. */
async function unpack(layout: string): Promise<string> {
  const bundle = place();
  await run('umoci', ['unpack', '--rootless', '--image', `${layout}:latest`, bundle]);
  return join(bundle, 'rootfs');
}

const lock = lockOf(wheels, basePython);

describe('an image composed of a lock, a store and a base', () => {
  test('has these digests', async () => {
    const { image, layers } = await compose(await baseLayout({ compression: 'none' }), lock);
    expect({
      manifest: image.manifest.descriptor.digest,
      config: image.config.descriptor.digest,
      layers: layers.map(({ digest, kind, packages }) => `${kind} ${packages.join(', ')} ${digest}`),
    }).toMatchInlineSnapshot(`
      {
        "config": "sha256:b8afcbe6d823cafd5b6fa1b835822855e94ed19affe6c22193b29bf68a3d25c8",
        "layers": [
          "base  sha256:bf4bc24ed51ddfabacfd4241cc7e23eaec85a1f8a88ab9dbe4d1c040f2469a16",
          "packages beta 2.0 sha256:5c33df50c7152e929e522f36a6e2e95ae48b32eb8c100a6b26bc752b6cddbb8b",
          "packages alpha 1.0 sha256:c61f3629bc55637508e6cd8f407fbfdcef52ebebdc5bd83a253a7d4ff54e7f45",
          "environment  sha256:68e7dce7061072e1f36e5aa4831b57c54ecd4b3afd83f142d547e4d545e31bcd",
        ],
        "manifest": "sha256:0c291f553d996585d0546cbda85e9cedced46c98a0b055deb31d8cc2bbe0bf8b",
      }
    `);
  });

  test('has the same digest made with other threads, in another store, at another time', async () => {
    const layout = await baseLayout();
    const first = await compose(layout, lock, {}, 1);
    const second = await compose(layout, lock, {}, 3);
    expect(second.image.manifest.bytes.toString()).toBe(first.image.manifest.bytes.toString());
    expect(second.image.config.bytes.toString()).toBe(first.image.config.bytes.toString());
  });

  test('is what an engine unpacks', async () => {
    const { image } = await compose(await baseLayout(), lock);
    const rootfs = await unpack(await write(image));
    const env = join(rootfs, imagePrefix);
    expect(await readFile(join(env, 'lib/python3.11/site-packages/alpha/__init__.py'), 'utf8')).toBe(text);
    expect(await readlink(join(env, 'bin/python'))).toBe('/usr/bin/python3.11');
    expect((await readFile(join(env, 'bin/beta'), 'utf8')).split('\n')[0]).toBe('#!/opt/terroir/env/bin/python');
    expect((await stat(join(env, 'bin/beta'))).mode & 0o777).toBe(0o755);
    expect(JSON.parse(await readFile(join(env, '.terroir/lock.json'), 'utf8'))).toEqual(lock);
    expect(await readFile(join(env, 'lib/python3.11/site-packages/alpha-1.0.dist-info/REQUESTED'), 'utf8')).toBe('');
    // The base's folder is as it was.
    expect((await stat(join(rootfs, 'opt'))).mode & 0o7777).toBe(0o775);
    expect((await lstat(join(rootfs, 'lib'))).isSymbolicLink()).toBe(true);
  });

  test('says in its configuration what runs need', async () => {
    const { image } = await compose(
      await baseLayout({
        env: ['PATH=/usr/bin', 'LD_LIBRARY_PATH=/cuda'],
        config: { User: 'me', WorkingDir: '/home', Labels: { a: 'b' } },
      }),
      lock,
      { labels: { 'terroir.revision': '3' } },
    );
    const { config, history, created } = image.value.config;
    expect(config).toEqual({
      Cmd: ['/bin/bash'],
      User: 'me',
      WorkingDir: '/home',
      Env: [
        'PATH=/opt/terroir/env/bin:/usr/bin',
        'LD_LIBRARY_PATH=/cuda',
        'CONDA_PREFIX=/opt/terroir/env',
        'AZUREML_CONDA_ENVIRONMENT_PATH=/opt/terroir/env',
        'PYTHONNOUSERSITE=1',
      ],
      Labels: {
        a: 'b',
        'terroir.lock': lock.digest,
        'terroir.fingerprint': 'f',
        'terroir.platform': 'linux-64',
        'terroir.revision': '3',
      },
    });
    expect(created).toBe('2000-01-01T00:00:00Z');
    expect(history?.map(({ created_by: by }) => by)).toEqual([
      'test',
      'terroir: beta 2.0',
      'terroir: alpha 1.0',
      'terroir: the environment',
    ]);
    expect(image.value.manifest.annotations).toMatchObject({
      'org.opencontainers.image.base.name': 'registry.example/debian:12',
    });
    expect(image.value.manifest.layers[1]?.annotations).toEqual({ 'terroir.packages': 'beta 2.0' });
  });

  test.each([
    { docker: true, compression: 'gzip' },
    { docker: false, compression: 'zstd' },
    { docker: true, compression: 'none', history: false },
  ] as const)('is of OCI kind on any base: %o', async (options) => {
    const { image } = await compose(await baseLayout(options), lock);
    const types = new Set([
      image.value.manifest.config.mediaType,
      ...image.layers.map(({ descriptor }) => descriptor.mediaType),
    ]);
    for (const type of types) expect(type).toMatch(/^application\/vnd\.oci\.image\./);
    const layout = await write(image);
    const { stdout } = await run('skopeo', ['inspect', `oci:${layout}:latest`]);
    expect((JSON.parse(stdout) as { Layers: string[] }).Layers).toEqual(
      image.layers.map(({ descriptor }) => descriptor.digest),
    );
    await run('skopeo', ['copy', '--preserve-digests', `oci:${layout}:latest`, `dir:${place()}`]);
  });
});

describe('odd bases', () => {
  test('with `/opt` as a link get the environment where it leads', async () => {
    const layers = [
      [
        ...debianLike.filter(({ name }) => name !== './opt/'),
        { name: 'opt', linkname: 'usr/opt' },
        { name: 'usr/opt/', mode: 0o1777 },
      ],
    ];
    const { image } = await compose(await baseLayout({ layers }), lock);
    const rootfs = await unpack(await write(image));
    expect(await readlink(join(rootfs, 'opt'))).toBe('usr/opt');
    expect((await stat(join(rootfs, 'usr/opt'))).mode & 0o7777).toBe(0o1777);
    expect(await readFile(join(rootfs, 'usr/opt/terroir/env/lib/python3.11/site-packages/beta.py'), 'utf8')).toBe(text);
  });

  test('that have an environment of ours do not let it shine through', async () => {
    const layers = [debianLike, [{ name: 'opt/terroir/env/lib/python3.11/site-packages/old.py', content: 'old' }]];
    const { image, layers: records } = await compose(await baseLayout({ layers }), lock);
    const rootfs = await unpack(await write(image));
    const site = join(rootfs, imagePrefix, 'lib/python3.11/site-packages');
    await expect(stat(join(site, 'old.py'))).rejects.toThrow('ENOENT');
    expect(await readFile(join(site, 'beta.py'), 'utf8')).toBe(text);
    expect(records.map(({ kind }) => kind)).toEqual([
      'base',
      'base',
      'environment',
      'packages',
      'packages',
      'environment',
    ]);
    expect((await stat(join(rootfs, 'opt'))).mode & 0o7777).toBe(0o775);
  });

  test('without the Python of the lock are refused, saying what there is', async () => {
    const other = lockOf(wheels, { ...basePython, minor: '3.12' });
    await expect(compose(await baseLayout(), other)).rejects.toMatchObject({
      code: 'PYTHON_MISMATCH',
      message: 'the lock is for Python 3.12, and the base image `registry.example/debian:12` has Python 3.11',
    });
    await expect(compose(await baseLayout({ layers: [[{ name: 'x' }]] }), other)).rejects.toThrow('has no Python');
  });

  test('with an older libc, or another one, are refused', async () => {
    const newer = { ...lock, inputs: { ...lock.inputs, virtualPackages: { __glibc: '2.39' } } };
    await expect(compose(await baseLayout(), newer)).rejects.toThrow(
      'the lock is for glibc 2.39, and the base image `registry.example/debian:12` has glibc 2.36',
    );
    const musl = [[{ name: 'lib/ld-musl-x86_64.so.1', content: 'musl libc \x001.2.4\0' }]];
    await expect(compose(await baseLayout({ layers: musl }), newer)).rejects.toThrow('has musl 1.2.4');
  });

  test('with too many layers are refused, and with many get few', async () => {
    const many = (number: number): BaseOptions['layers'] => [
      debianLike,
      ...Array.from({ length: number - 1 }, (_, index) => [{ name: `f${index}` }]),
    ];
    await expect(compose(await baseLayout({ layers: many(118) }), lock)).rejects.toMatchObject({
      code: 'TOO_MANY_LAYERS',
    });
    const { layers } = await compose(await baseLayout({ layers: many(117) }), lock);
    expect(layers.slice(117).map(({ packages }) => packages)).toEqual([['alpha 1.0', 'beta 2.0'], []]);
  });
});

describe('steps', () => {
  test('that set metadata are composed, and their folder is made', async () => {
    const layers = [[...debianLike, { name: 'home/me/', mode: 0o700, uid: 1000, gid: 1000 }]];
    const steps = [
      { keyword: 'ENV', value: 'A=1 B="$PATH:/x"' },
      { keyword: 'WORKDIR', value: '/home/me/work' },
      { keyword: 'ENTRYPOINT', value: '["python"]' },
    ];
    const { image, layers: records } = await compose(await baseLayout({ layers }), undefined, { steps });
    expect(image.value.config.config).toEqual({
      Env: ['PATH=/usr/bin:/bin', 'A=1', 'B=/usr/bin:/bin:/x'],
      WorkingDir: '/home/me/work',
      Entrypoint: ['python'],
    });
    expect(records.map(({ kind }) => kind)).toEqual(['base', 'environment']);
    expect(image.value.config.history?.map(({ created_by: by, empty_layer: empty }) => [by, empty])).toEqual([
      ['test', undefined],
      ['ENV A=1 B="$PATH:/x"', true],
      ['WORKDIR /home/me/work', true],
      ['ENTRYPOINT ["python"]', true],
      ['terroir: the environment', undefined],
    ]);
    const rootfs = await unpack(await write(image));
    expect((await stat(join(rootfs, 'home/me'))).mode & 0o7777).toBe(0o700);
    expect((await stat(join(rootfs, 'home/me/work'))).isDirectory()).toBe(true);
  });
});

describe('sources and sinks', () => {
  test.each([
    ['an OCI archive', undefined, 'oci-archive'],
    ['a Docker archive', { repoTags: ['terroir/env_1:2'] }, 'docker-archive'],
  ] as const)('%s comes back as it was written', async (_, docker, transport) => {
    const { image } = await compose(await baseLayout(), lock);
    const path = join(place(), 'image.tar');
    await withArchiveFile(path, async (output) => {
      await writeImage(image, createArchiveSink(output, { name: path, docker }), { tags: ['2'] });
    });
    const copy = place();
    await run('skopeo', ['copy', `${transport}:${path}`, `oci:${copy}:latest`]);
    for (const source of [await openArchive(path), await openLayout(copy)]) {
      const again = await openImage(source, { platform: amd64 });
      expect(again.value.config.rootfs).toEqual(image.value.config.rootfs);
      expect(again.value.config.config).toEqual(image.value.config.config);
    }
    const own = await openImage(await openArchive(path), { reference: docker?.repoTags[0] ?? '2', platform: amd64 });
    expect(own.config.bytes.equals(image.config.bytes)).toBe(true);
    expect(own.layers.map(({ descriptor }) => descriptor.digest)).toEqual(
      image.layers.map(({ descriptor }) => descriptor.digest),
    );
    const { stdout } = await run('skopeo', ['inspect', `${transport}:${path}`]);
    expect((JSON.parse(stdout) as { Architecture: string }).Architecture).toBe('amd64');
  });

  test('what Docker saves is a base', async () => {
    const layout = await baseLayout();
    const path = join(folder, 'saved.tar');
    await run('skopeo', ['copy', `oci:${layout}`, `docker-archive:${path}:some/base:1`]);
    const source = await openArchive(path);
    const base = await openImage(source, { reference: 'some/base:1', platform: amd64 });
    const store = createStore({ root: place(), threads: 1 });
    const builder = createImageBuilder({ store, threads: 1 });
    builders.push(builder);
    const { base: tree, outcome } = await builder.readBase(base);
    expect([tree.facts.pythons[0]?.version, outcome]).toEqual(['3.11.2', 'read']);
    const { base: known, outcome: second } = await builder.readBase(base);
    expect([findNode(known.root, 'opt')?.mode, second]).toEqual([0o775, 'cached']);
    await bring(store);
    const { image } = await builder.build({ base, tree, baseReference: 'saved', lock });
    const rootfs = await unpack(await write(image));
    expect(await readFile(join(rootfs, imagePrefix, 'lib/python3.11/site-packages/beta.py'), 'utf8')).toBe(text);
  });

  test('images of several platforms have one digest', async () => {
    const layout = await writeBase(place(), [
      { base: await makeBase({ layers: [debianLike] }), platform: amd64 },
      {
        base: await makeBase({ layers: [debianLike], architecture: 'arm64', variant: 'v8' }),
        platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      },
    ]);
    const arm = await openImage(await openLayout(layout), {
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    });
    const { image: first } = await compose(layout, lock);
    const multi = composeIndex([first, arm]);
    expect(composeIndex([arm, first]).index.bytes.equals(multi.index.bytes)).toBe(true);
    const target = place();
    await writeImage(multi, createLayoutSink(target), { tags: ['latest'] });
    const all = await openAll(await openLayout(target));
    expect(isMultiImage(all) && all.images.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    await run('skopeo', ['copy', '--all', '--preserve-digests', `oci:${target}:latest`, `dir:${place()}`]);
    await expect(
      openImage(await openLayout(target), { platform: { os: 'linux', architecture: 's390x' } }),
    ).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      hint: 'It has linux/amd64, linux/arm64/v8.',
    });
  });

  test('nothing is named when a blob turns out wrong', async () => {
    const { image } = await compose(await baseLayout(), lock);
    const broken: Image = {
      ...image,
      layers: image.layers.map((layer, index) =>
        index === 1
          ? {
              ...layer,
              open: async function* () {
                yield Buffer.from('half');
                throw new Error('the line is dead');
              },
            }
          : layer,
      ),
    };
    const target = place();
    await expect(writeImage(broken, createLayoutSink(target), { tags: ['latest'] })).rejects.toThrow(
      'the line is dead',
    );
    await expect(openLayout(target)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    const archive = join(target, 'image.tar');
    await expect(
      withArchiveFile(
        archive,
        async (output) => await writeImage(broken, createArchiveSink(output, { name: archive }), { tags: ['x'] }),
      ),
    ).rejects.toThrow('the line is dead');
    await expect(stat(archive)).rejects.toThrow('ENOENT');
    await writeImage(image, createLayoutSink(target), { tags: ['latest'] });
    await openLayout(target);
  });
});

import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BuiltImage,
  createImageBuilder,
  createLayoutSink,
  type ImageBuilder,
  imagePrefix,
  openImage,
  openLayout,
  validateImage,
  writeImage,
} from '../../src/image/index.ts';
import { debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import {
  type CondaMachine,
  type CondaOrWheel,
  condaPackage,
  createCondaMachine,
  type InstalledConda,
} from '../kit/conda-machine.ts';
import { makeWheel } from '../kit/wheel.ts';

const run = promisify(execFile);
let folder: string;
const builders: ImageBuilder[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-conda-image-'));
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

const placeholder = `/opt/placehold/${'_'.repeat(200)}`;
const text = Array.from({ length: 3000 }, (_, index) => `${(index * 7919) % 4093}\n`).join('');
const python = condaPackage({
  name: 'python',
  version: '3.11.4',
  files: {
    'bin/python3.11': {
      content: `ELF\0${placeholder}/lib\0${'\0'.repeat(20)}end`,
      executable: true,
      placeholder: { text: placeholder, mode: 'binary' },
    },
    'bin/python': { target: 'python3.11' },
    'lib/python3.11/os.py': text,
    'lib/python3.11/site-packages': { directory: true },
    'etc/conf': { content: `home=${placeholder}\n`, placeholder: { text: placeholder, mode: 'text' } },
  },
});
const noarch = condaPackage({
  name: 'tool',
  noarch: 'python',
  entryPoints: ['tool = tool:main'],
  files: {
    'site-packages/tool/__init__.py': text,
    'share/tool/data': text,
    'share/hooks/x': { content: 'a', noLink: true },
  },
});
const wheel = {
  ...makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha.py': text } }),
  name: 'alpha',
  version: '1.0',
};

async function compose(
  machine: CondaMachine,
  packages: readonly CondaOrWheel[],
  { threads = 1, compression = 'gzip' }: { threads?: number; compression?: 'gzip' | 'none' } = {},
): Promise<BuiltImage> {
  const { store } = machine;
  const builder = createImageBuilder({ store, threads });
  builders.push(builder);
  const layout = await writeBase(place(), [{ base: await makeBase({ layers: [debianLike], compression }) }]);
  const base = await openImage(await openLayout(layout), { platform: { os: 'linux', architecture: 'amd64' } });
  const { base: tree } = await builder.readBase(base);
  const conda = await machine.bring(packages.filter((each): each is InstalledConda => 'made' in each));
  for (const each of packages)
    if (!('made' in each))
      await store.ensureArchive(
        { sha256: each.sha256, filename: each.filename },
        async (file) => await writeFile(file, each.bytes),
      );
  return await builder.build({
    base,
    tree,
    baseReference: 'base',
    lock: machine.lockOf(packages),
    conda: async () => await Promise.resolve(conda),
  });
}

async function unpack({ image }: BuiltImage): Promise<string> {
  const layout = place();
  await writeImage(image, createLayoutSink(layout), { tags: ['latest'] });
  expect(await validateImage(await openLayout(layout))).toEqual([]);
  const bundle = place();
  await run('umoci', ['unpack', '--rootless', '--image', `${layout}:latest`, bundle]);
  return join(bundle, 'rootfs', imagePrefix);
}

describe('an image of conda packages and wheels', () => {
  test('is what an engine unpacks', async () => {
    const machine = createCondaMachine(place());
    const built = await compose(machine, [python, noarch, wheel]);
    expect(built.layers.map(({ kind, packages }) => [kind, packages])).toEqual([
      ['base', []],
      ['packages', ['python 3.11.4']],
      ['packages', ['tool 1.0']],
      ['packages', ['alpha 1.0']],
      ['environment', []],
    ]);
    const env = await unpack(built);
    expect(await readFile(join(env, 'bin/python3.11'), 'latin1')).toBe(
      `ELF\0${imagePrefix}/lib${'\0'.repeat(placeholder.length - imagePrefix.length + 1 + 20)}end`,
    );
    expect((await stat(join(env, 'bin/python3.11'))).mode & 0o777).toBe(0o755);
    expect(await readlink(join(env, 'bin/python'))).toBe('python3.11');
    expect(await readFile(join(env, 'etc/conf'), 'utf8')).toBe(`home=${imagePrefix}\n`);
    for (const path of ['tool/__init__.py', 'alpha.py'])
      expect(await readFile(join(env, 'lib/python3.11/site-packages', path), 'utf8')).toBe(text);
    expect((await readFile(join(env, 'bin/tool'), 'utf8')).split('\n')[0]).toBe('#!/opt/terroir/env/bin/python3.11');
    expect(await readFile(join(env, 'share/hooks/x'), 'utf8')).toBe('a');
    const record = JSON.parse(await readFile(join(env, 'conda-meta/python-3.11.4-0.json'), 'utf8')) as {
      paths_data: { paths: { _path: string; sha256_in_prefix: string }[] };
      link?: unknown;
    };
    expect(record.link).toBeUndefined();
    const { stdout } = spawnSync('sha256sum', [join(env, 'bin/python3.11')], { encoding: 'utf8' });
    expect(record.paths_data.paths.find(({ _path: path }) => path === 'bin/python3.11')?.sha256_in_prefix).toBe(
      stdout.slice(0, 64),
    );
  });

  test('is the same from another store, with other threads', async () => {
    const first = await compose(createCondaMachine(place()), [python, noarch, wheel]);
    const machine = createCondaMachine(place());
    const second = await compose(machine, [python, noarch, wheel], { threads: 3 });
    expect(second.image.manifest.bytes.toString()).toBe(first.image.manifest.bytes.toString());
    expect((await compose(machine, [python, noarch, wheel])).image.manifest.descriptor).toEqual(
      first.image.manifest.descriptor,
    );
  });

  test('has these digests', async () => {
    const { image } = await compose(createCondaMachine(place()), [python, noarch, wheel], { compression: 'none' });
    expect([image.manifest.descriptor.digest, ...image.layers.map(({ diffId }) => diffId)]).toMatchInlineSnapshot(`
      [
        "sha256:e363bef29903a3c38bb6d8b1b6f3ad46e678efdc242706132d8cbf1865d980be",
        "sha256:bf4bc24ed51ddfabacfd4241cc7e23eaec85a1f8a88ab9dbe4d1c040f2469a16",
        "sha256:44ab9d0d689ca87a56a3d09871fed13357b1f09b7a44e7fdeb2b3ebf5254b2c9",
        "sha256:3f3f888d323c599c19a9995991e74cc66f1405087c2a8531e6ff0e264d325483",
        "sha256:8f2ddf2987263e4a053ee482a3d6707fbcc69be55595b0c9ca55c69d3359700e",
        "sha256:63e94dae0756e591b922f48c950f9252dbc859f6d74cccf35e06f56fb135cf1b",
      ]
    `);
  });

  test('shares layers whoever asked for a package', async () => {
    const machine = createCondaMachine(place());
    const asked = { ...python, pkg: { ...python.pkg, requested: true } };
    const first = await compose(machine, [python, noarch]);
    const second = await compose(machine, [asked, noarch]);
    const digests = ({ layers }: BuiltImage): string[] =>
      layers.filter(({ kind }) => kind === 'packages').map(({ digest }) => digest);
    expect(digests(second)).toEqual(digests(first));
  });

  test.each(['lib/python3.11/os.py', 'etc/conf'])(
    'notices that %s was damaged in the store, and drops the package',
    async (path) => {
      const machine = createCondaMachine(place());
      const unpacked = (await machine.bring([python])).get(python.made.sha256);
      const file = join(unpacked?.folder ?? '', path);
      await chmod(file, 0o644);
      await writeFile(file, Buffer.alloc((await stat(file)).size, 'x'));
      await expect(compose(machine, [python])).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
      await unpack(await compose(machine, [python]));
    },
  );
});

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CondaPackage, Lock, LockedPackage } from '../../src/schema/index.ts';
import { recordOf } from '../kit/conda/channel-package.ts';
import { writeRepodata } from '../kit/conda/repodata.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const packages = [
  makeCondaPackage({
    name: 'python',
    version: '3.11.7',
    build: 'h0_0',
    depends: ['__glibc >=2.17', 'tzdata'],
    index: { python_site_packages_path: 'lib/python3.11/site-packages' },
    files: { 'bin/python3.11': 'python' },
  }),
  makeCondaPackage({ name: 'tzdata', version: '2025b', noarch: 'generic', files: { 'share/zones': 'zones' } }),
  makeCondaPackage({ name: 'pip', version: '25.0', noarch: 'python', depends: ['python >=3.9'], files: {} }),
  makeCondaPackage({
    name: 'grape',
    version: '1.5',
    build: 'py311_2',
    buildNumber: 2,
    depends: ['python >=3.11,<3.12.0a0'],
    format: 'tar.bz2',
    license: 'MIT',
    files: { 'lib/grape': 'grape' },
  }),
];

describe('locks of other tools', () => {
  let channel: CondaChannel;
  let index: PypiIndex;
  let sandbox: Sandbox;
  let original: Lock;

  const lockOf = async (name: string, ...args: string[]): Promise<Lock> =>
    (await sandbox.json<{ lock: Lock }>(['env', 'lock', name, '--platform', 'linux-64', ...args])).lock;
  const exported = async (name: string, format: string): Promise<string> =>
    (await sandbox.run(['env', 'lock', name, '--platform', 'linux-64', '--export', format])).stdout;
  const create = async (file: string, text: string, name: string): Promise<void> => {
    await sandbox.write(file, text);
    await sandbox.json(['env', 'create', file, '--name', name]);
  };

  beforeAll(async () => {
    channel = await startCondaChannel(packages);
    index = await startPypiIndex([
      makeWheel({ name: 'press', version: '2.0', requires: ['vat'] }),
      makeWheel({ name: 'vat', version: '1.1' }),
      makeWheel({ name: 'hill', version: '4.0', tag: 'cp311-cp311-manylinux_2_17_x86_64' }),
      makeWheel({ name: 'hill', version: '4.0', tag: 'cp311-cp311-macosx_12_0_arm64' }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await create('environment.yml', `channels: [${channel.url}]\ndependencies:\n  - grape\n  - pip\n`, 'original');
    original = await lockOf('original');
  });
  afterAll(async () => {
    await channel.close();
    await index.close();
    await sandbox.remove();
  });

  it.each(['explicit', 'conda-lock'])('%s: the same packages, without solving', async (format) => {
    const asked = channel.requests.length;
    await create(format === 'explicit' ? 'explicit.txt' : 'conda-lock.yml', await exported('original', format), format);
    // Registering is offline.
    expect(channel.requests.length).toBe(asked);
    const outcome = await sandbox.run(['env', 'lock', format, '--platform', 'linux-64']);
    expect(outcome.stderr).not.toContain('Solving');
    const lock = await lockOf(format);
    const asAll = (each: LockedPackage): LockedPackage => ({ ...each, requested: true });
    expect(lock.packages).toEqual(original.packages.map(asAll));
    expect(lock.python).toEqual(original.python);
    expect(lock.inputs.channels).toEqual(original.inputs.channels);
    // And out again.
    expect(packageLines(await exported(format, format))).toEqual(packageLines(await exported('original', format)));
  });

  it.each(['explicit', 'conda-lock'])('%s, of a channel that is a folder', async (format) => {
    for (const subdir of ['linux-64', 'noarch']) {
      const own = packages.filter(({ record }) => record.subdir === subdir);
      for (const { filename, bytes } of own) await sandbox.write(`my channel/${subdir}/${filename}`, bytes);
      const records = Object.fromEntries(own.map((each) => [each.filename, recordOf(each)]));
      for (const [path, text] of writeRepodata(subdir, records, ['json']))
        await sandbox.write(`my channel/${subdir}/${path}`, text);
    }
    const definition = `channels: ["${join(sandbox.folder, 'my channel')}"]\ndependencies:\n  - grape\n`;
    await create('environment.yml', definition, 'of-a-folder');
    const before = await lockOf('of-a-folder');
    const text = await exported('of-a-folder', format);
    expect(text).toMatch(/file:\/\/\/.*grape-1\.5-py311_2\.tar\.bz2/);
    const name = `${format}-of-a-folder`;
    await create(format === 'explicit' ? 'explicit.txt' : 'conda-lock.yml', text, name);
    expect((await lockOf(name)).packages.map(key)).toEqual(before.packages.map(key));
  });

  it('environment.yml with pins solves to the same packages', async () => {
    const text = await exported('original', 'environment');
    expect(text).toContain('  - grape=1.5=py311_2\n');
    await create('pinned.yml', text, 'pinned');
    const asAll = (each: LockedPackage): LockedPackage => ({ ...each, requested: true });
    expect((await lockOf('pinned')).packages).toEqual(original.packages.map(asAll));
  });

  it('conda and pip in one conda-lock.yml', async () => {
    await create(
      'both.yml',
      `channels: [${channel.url}]\ndependencies:\n  - grape\n  - pip\n  - pip:\n      - press\n`,
      'both',
    );
    const both = await lockOf('both');
    await create('conda-lock.yml', await exported('both', 'conda-lock'), 'both-again');
    const again = await lockOf('both-again');
    expect(again.packages.map(key)).toEqual(both.packages.map(key));
    await create('both-pinned.yml', await exported('both', 'environment'), 'both-pinned');
    expect((await lockOf('both-pinned')).packages.map(key)).toEqual(both.packages.map(key));
  });

  it('pylock.toml: the same wheels, without resolving', async () => {
    await create('requirements.txt', 'press\nhill\n', 'pypi');
    const pypi = await lockOf('pypi');
    await create('pylock.toml', await exported('pypi', 'pylock'), 'pypi-again');
    // Newer ones are not taken.
    index.publish(makeWheel({ name: 'press', version: '3.0' }));
    const outcome = await sandbox.run(['env', 'lock', 'pypi-again', '--platform', 'linux-64']);
    expect(outcome.stderr).not.toContain('Resolving');
    const again = await lockOf('pypi-again');
    expect(again.packages.map(key)).toEqual(pypi.packages.map(key));
    expect(again.python).toEqual(pypi.python);
  });

  it('pylock.toml for several platforms: markers and wheels decide', async () => {
    const wheel = (name: string): string =>
      `{ url = "${index.fileUrl(name)}", size = 1, hashes = { sha256 = "${'d'.repeat(64)}" } }`;
    await create(
      'pylock.all.toml',
      `lock-version = "1.0"
requires-python = "==3.11.*"
[[packages]]
name = "hill"
version = "4.0"
wheels = [${wheel('hill-4.0-cp311-cp311-manylinux_2_17_x86_64.whl')}, ${wheel('hill-4.0-cp311-cp311-macosx_12_0_arm64.whl')}]
[[packages]]
name = "vat"
version = "1.1"
marker = "sys_platform == 'darwin' and platform_machine == 'arm64'"
wheels = [${wheel('vat-1.1-py3-none-any.whl')}]
`,
      'all',
    );
    const filesFor = async (platform: string): Promise<string[]> => {
      const { lock } = await sandbox.json<{ lock: Lock }>(['env', 'lock', 'all', '--platform', platform]);
      return lock.packages.map(({ filename }) => filename);
    };
    expect(await filesFor('linux-64')).toEqual(['hill-4.0-cp311-cp311-manylinux_2_17_x86_64.whl']);
    expect(await filesFor('osx-arm64')).toEqual([
      'hill-4.0-cp311-cp311-macosx_12_0_arm64.whl',
      'vat-1.1-py3-none-any.whl',
    ]);
    const windows = await sandbox.run(['env', 'lock', 'all', '--platform', 'win-64']);
    expect(windows).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('`hill` 4.0 has no wheel') });
  });

  it('has nothing for another platform, and says so', async () => {
    const outcome = await sandbox.run(['env', 'lock', 'explicit', '--platform', 'osx-arm64']);
    expect(outcome.exitCode).toBe(6);
    expect(outcome.stderr).toContain('`explicit.txt` locks linux-64, and nothing for osx-arm64');
  });

  it('takes a package that the channel has no record of any more from its archive', async () => {
    const grape = original.packages.find(({ name }) => name === 'grape') as CondaPackage;
    const old = await startCondaChannel(packages, { forms: ['json'], patch: hideGrape });
    await create('old.txt', `@EXPLICIT\n${old.url}/linux-64/${grape.filename}#${grape.sha256}\n`, 'old');
    const [found] = (await lockOf('old')).packages as CondaPackage[];
    await old.close();
    expect(found).toMatchObject({
      name: 'grape',
      build: 'py311_2',
      buildNumber: 2,
      sha256: grape.sha256,
      size: grape.size,
      depends: grape.depends,
      license: 'MIT',
    });
  });

  it('uses a token that stands in an address, and keeps it out of everything', async () => {
    const grape = original.packages.find(({ name }) => name === 'grape') as CondaPackage;
    const secret = await startCondaChannel(packages, { forms: ['json'], patch: hideGrape, token: 'tk-secret-1' });
    await create('secret.txt', `@EXPLICIT\n${secret.url}/linux-64/${grape.filename}#${grape.sha256}\n`, 'secret');
    const lock = await lockOf('secret');
    expect(lock.packages).toMatchObject([{ url: `${secret.origin}/main/linux-64/${grape.filename}` }]);
    for (const text of [
      JSON.stringify(lock),
      await exported('secret', 'explicit'),
      await exported('secret', 'conda-lock'),
    ])
      expect(text).not.toContain('tk-secret');
    // On a machine that does not have it yet, too.
    const env = { TERROIR_HOME: join(sandbox.folder, 'elsewhere') };
    const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'secret'], { env });
    expect(await readFile(join(prefix, 'lib/grape'), 'utf8')).toBe('grape');
    await secret.close();
  });

  it.each([
    ['a mirror of the name', (url: string) => ({ TERROIR_MIRRORED_CHANNELS: `forge=${url}` })],
    [
      'a mirror of the address',
      (url: string) => ({ TERROIR_MIRRORED_CHANNELS: `https://conda.anaconda.org/forge=${url}` }),
    ],
    ['an alias', (url: string) => ({ TERROIR_CHANNEL_ALIAS: url.replace(/\/forge$/, '') })],
  ])('reads public addresses at %s, and locks them as they are', async (what, envOf) => {
    for (const each of packages) channel.publish('forge', each);
    const name = what.replaceAll(' ', '-');
    const text = (await exported('original', 'conda-lock')).replaceAll(channel.url, 'https://conda.anaconda.org/forge');
    await create('conda-lock.yml', text, name);
    const env = { ...envOf(channel.urlOf('forge')), TERROIR_HOME: join(sandbox.folder, name) };
    const { lock } = await sandbox.json<{ lock: Lock }>(['env', 'lock', name, '--platform', 'linux-64'], { env });
    expect(lock.packages.map(key)).toEqual(original.packages.map(key));
    for (const { url } of lock.packages) expect(url).toContain('https://conda.anaconda.org/forge/');
    expect(await sandbox.run(['env', 'prefix', name], { env })).toMatchObject({ exitCode: 0 });
  });

  it('takes tokens from TERROIR_CHANNEL_TOKENS', async () => {
    const secret = await startCondaChannel(packages, { token: 'tk-secret-2' });
    await create('bare.yml', `channels: [${secret.origin}/main]\ndependencies: [grape]\n`, 'bare');
    const lock = ['env', 'lock', 'bare', '--platform', 'linux-64'];
    expect((await sandbox.run(lock)).exitCode).not.toBe(0);
    const env = { TERROIR_CHANNEL_TOKENS: `other.example=tk-x; 127.0.0.1:${secret.port}=tk-secret-2` };
    const { stdout } = await sandbox.run([...lock, '--export', 'json'], { env });
    await secret.close();
    expect(stdout).toContain(`"${secret.origin}/main/linux-64/grape-1.5-py311_2.tar.bz2"`);
    expect(stdout).not.toContain('tk-secret');
  });

  it.each([
    ['no archive at all', '.tar.bz2', () => Buffer.from('a page, perhaps')],
    ['cut off', '.tar.bz2', () => (packages.at(-1)?.bytes ?? Buffer.alloc(0)).subarray(0, 200)],
    ['no archive at all', '.conda', () => Buffer.from('a page, perhaps')],
    ['without sense', '.tar.bz2', () => broken('tar.bz2')],
    ['without sense', '.conda', () => broken('conda')],
  ])('names a package that is %s (%s), and keeps nothing of it', async (_what, format, make) => {
    const bytes = make();
    const folder = join(sandbox.folder, 'broken');
    const digest = createHash('sha256').update(bytes).digest('hex');
    await sandbox.write(`broken/linux-64/grape-1.5-0${format}`, bytes);
    await create(
      'broken.txt',
      `@EXPLICIT\nfile://${folder}/linux-64/grape-1.5-0${format}#${digest}\n`,
      `broken-${digest.slice(0, 9)}`,
    );
    const outcome = await sandbox.run(['env', 'lock', `broken-${digest.slice(0, 9)}`, '--platform', 'linux-64']);
    expect(outcome).toMatchObject({ exitCode: 7 });
    expect(outcome.stderr).toContain(`\`grape-1.5-0${format}\` of the channel \`file://${folder}\` cannot be read`);
    expect(existsSync(join(sandbox.env.TERROIR_HOME ?? '', 'v1/archives', digest.slice(0, 2), digest))).toBe(false);
  });

  it('refuses a package that was changed in its channel', async () => {
    const text = (await exported('original', 'explicit')).replace(/(grape[^#]*#).*/, `$1${'0'.repeat(32)}`);
    await create('changed.txt', text, 'changed');
    const outcome = await sandbox.run(['env', 'lock', 'changed', '--platform', 'linux-64']);
    expect(outcome.exitCode).toBe(7);
    expect(outcome.stderr).toContain(
      'the channel has another `grape-1.5-py311_2.tar.bz2` than the one that was locked',
    );
  });

  it('cannot be edited as a list of wishes, and says how', async () => {
    const outcome = await sandbox.run(['env', 'clone', 'explicit', 'edited', '--add', 'numpy']);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toContain('the packages are those of the lock file `explicit.txt`');
    expect(outcome.stderr).toContain('--export environment');
  });

  it('takes an image like every layer', async () => {
    const shown = await sandbox.json<{ definition: { image: string } }>([
      'env',
      'clone',
      'explicit',
      'with-image',
      '--image',
      'debian:12',
    ]);
    expect(shown.definition.image).toBe('debian:12');
    const lock = await lockOf('with-image');
    expect(lock.packages.map(key)).toEqual(original.packages.map(key));
  });
});

function key({ kind, name, version, sha256 }: LockedPackage): string {
  return `${kind} ${name} ${version} ${sha256}`;
}

function packageLines(text: string): string[] {
  return text.split('\n').filter((line) => /https?:|sha256:|version:/.test(line));
}

function broken(format: 'conda' | 'tar.bz2'): Buffer {
  return makeCondaPackage({ name: 'grape', version: '1.5', format, info: { 'index.json': '{"name":' } }).bytes;
}

/** A record under another name: nobody finds it. */
function hideGrape(filename: string, record: { name: string; subdir: string; sha256: string; md5: string }) {
  return filename.startsWith('grape') ? { ...record, name: 'hidden' } : record;
}

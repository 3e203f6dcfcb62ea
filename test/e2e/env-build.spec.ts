import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CopiedImage, ImageView } from '../../src/app/index.ts';
import { openWorkspace } from '../../src/workspace/index.ts';
import { debianLike } from '../kit/base-image.ts';
import { startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { startCountingLine } from '../kit/counting-line.ts';
import { pushBase, pushBases } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const grape = (version: string) =>
  makeWheel({ name: 'grape', version, files: { 'grape/__init__.py': `version = "${version}"\n` } });

let folder: string;
let registry: RegistryProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-build-'));
  registry = await startDockerRegistry({ root: join(folder, 'registry') });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A base with another Python than the usual one. */
const otherPython = debianLike.map((entry) => ({
  ...entry,
  name: entry.name.replace('3.11', '3.12'),
  ...(entry.linkname === undefined ? {} : { linkname: entry.linkname.replace('3.11', '3.12') }),
  ...(typeof entry.content === 'string' ? { content: entry.content.replace('3.11', '3.12') } : {}),
}));

async function untilWritten({ stderr }: ChildProcess, text: string): Promise<void> {
  let written = '';
  await new Promise<void>((resolve, reject) => {
    stderr?.on('data', (piece: Buffer) => {
      written += piece.toString();
      if (written.includes(text)) resolve();
    });
    stderr?.on('end', () => reject(new Error(`\`${text}\` was not written: ${written}`)));
  });
}

describe('building images', { timeout: 120_000 }, () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  let base: string;
  let count = 0;
  beforeEach(async () => {
    count += 1;
    base = `${registry.host}/base-${count}:1`;
    await pushBase(base);
    index = await startPypiIndex([grape('1.0')]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('iris.yml', definition());
  });
  afterEach(async () => {
    await sandbox.remove();
    await index.close();
  });

  const definition = (more = ''): string =>
    `name: iris\nimage: ${base}\npython: {version: "3.11"}\nrequirements: [grape]\n${more}`;
  /** Since somebody asked the registry what a tag means: within a minute nobody asks again. */
  const letAMinutePass = (): void => {
    const database = new DatabaseSync(join(sandbox.folder, '.terroir', 'workspace.db'));
    database.exec("update base_references set checked_at = '2020-01-01T00:00:00.000Z'");
    database.close();
  };
  const build = async (...args: string[]): Promise<ImageView> =>
    await sandbox.json<ImageView>(['env', 'build', ...args]);

  it('composes once; the same content has it at once under any name, and in another workspace the same digest', async () => {
    const first = await build('iris.yml');
    expect(first).toMatchObject({
      revision: 1,
      source: 'built',
      platform: 'linux-64',
      repository: expect.stringMatching(/^terroir\/env_[0-9a-f]{32}$/),
      base: { reference: base, digest: expect.stringMatching(/^sha256:/) },
    });
    expect(first.layers.map(({ kind, packages }) => [kind, ...packages])).toEqual([
      ['base'],
      ['packages', 'grape 1.0'],
      ['environment'],
    ]);
    await sandbox.write('twin.yml', definition('tags: {other: name}\n').replace('iris', 'twin'));
    expect(await build('twin.yml')).toMatchObject({ digest: first.digest, revision: 1, source: 'workspace' });
    expect(await sandbox.json(['env', 'image', 'twin'])).toMatchObject({ digest: first.digest, source: 'workspace' });
    const elsewhere = { TERROIR_HOME: join(sandbox.folder, 'other'), TERROIR_WORKSPACE: join(sandbox.folder, 'w2') };
    const again = await sandbox.json<ImageView>(['env', 'build', 'iris.yml'], { env: elsewhere });
    expect(again).toMatchObject({ digest: first.digest, source: 'built' });
  });

  it('says once what a conda package would have done when it is installed, and who took files of whom', async () => {
    const files = { 'share/same': 'x' };
    const channel = await startCondaChannel([
      makeCondaPackage({
        name: 'font',
        version: '1',
        noarch: 'generic',
        files: { ...files, 'bin/.font-post-link.sh': 'true' },
      }),
      makeCondaPackage({ name: 'wind', version: '1', noarch: 'generic', files }),
    ]);
    const dependencies = `conda_file: {channels: ["${channel.url}"], dependencies: [font, wind]}`;
    await sandbox.write('font.yml', `name: font\nimage: ${base}\n${dependencies}\n`);
    const first = await sandbox.run(['env', 'build', 'font.yml']);
    const again = await sandbox.run(['env', 'build', 'font.yml']);
    await channel.close();
    expect(first).toMatchObject({ exitCode: 0 });
    const count = (text: string, part: string): number => text.split(part).length - 1;
    expect(count(first.stderr, 'font has what conda runs when it installs (`bin/.font-post-link.sh`)')).toBe(1);
    expect(first.stderr).toContain('do the same in `docker_steps`');
    expect(count(first.stderr, 'has a file that')).toBe(1);
    // Nothing was built.
    expect(again.stderr).not.toContain('docker_steps');
  });

  it('sends it where it is asked to, and other tools can read it', async () => {
    const [archive, layout] = [join(sandbox.folder, 'iris.tar'), join(sandbox.folder, 'layout')];
    const image = await build(
      'iris.yml',
      '--push',
      `${registry.host}/team/iris`,
      '--output',
      `docker-archive:${archive}`,
      '--output',
      `oci:${layout}`,
    );
    const inspect = (place: string): { Digest: string; Layers: string[]; Env: string[] } =>
      JSON.parse(execFileSync('skopeo', ['inspect', '--tls-verify=false', place], { encoding: 'utf8' }));
    const pushed = inspect(`docker://${registry.host}/team/iris:1`);
    expect(pushed.Digest).toBe(image.digest);
    expect(pushed.Layers).toEqual(image.layers.map(({ digest }) => digest));
    expect(pushed.Env).toContain('CONDA_PREFIX=/opt/terroir/env');
    expect(inspect(`oci:${layout}:latest`).Digest).toBe(image.digest);
    expect(inspect(`docker-archive:${archive}`).Layers).toHaveLength(image.layers.length);
    const again = await sandbox.run(['env', 'build', 'iris', '--push', `${registry.host}/team/iris`]);
    expect(again.stderr).toMatch(/all of it was there/);
  });

  it('has a registry take the layers of the base from its own repository, for every platform', async () => {
    // What does not become small: 100 kB for each platform.
    const large = { name: 'usr/share/noise', content: randomBytes(100_000) };
    const line = await startCountingLine(registry.url);
    try {
      await pushBases(base, { amd64: [large], arm64: [{ ...large, content: randomBytes(100_000) }] });
      // The same registry, seen from the line.
      base = base.replace(registry.host, new URL(line.url).host);
      await sandbox.write('iris.yml', definition());
      const both = ['--platform', 'linux-64', '--platform', 'linux-aarch64'];
      await sandbox.json(['env', 'build', 'iris.yml', ...both]);
      const before = line.sent();
      const push = ['--push', `${new URL(line.url).host}/team/mounted-${count}`];
      await sandbox.json(['env', 'build', 'iris.yml', ...both, ...push]);
      expect(line.sent() - before).toBeLessThan(100_000);
    } finally {
      await line.close();
    }
  });

  it('writes the platform that is asked for to an archive for Docker, which takes no other beside it', async () => {
    await pushBases(base);
    const both = ['--platform', 'linux-64', '--platform', 'linux-aarch64'];
    const { items } = await sandbox.json<{ items: ImageView[] }>(['env', 'build', 'iris.yml', ...both]);
    const archive = join(sandbox.folder, 'iris.tar');
    const output = ['--output', `docker-archive:${archive}`];
    for (const [at, architecture] of ['amd64', 'arm64'].entries()) {
      const { platform = '', layers = [], indexDigest } = items[at] ?? {};
      expect(await build('iris', '--platform', platform, ...output)).toMatchObject({
        indexDigest,
        source: 'workspace',
      });
      const inspected = execFileSync('skopeo', ['inspect', `docker-archive:${archive}`], { encoding: 'utf8' });
      expect(JSON.parse(inspected)).toMatchObject({ Architecture: architecture });
      const paths = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).split('\n');
      // Besides layers, a configuration and a manifest.
      expect(paths.filter((path) => /^blobs\/sha256\/\w+$/.test(path))).toHaveLength(layers.length + 2);
    }
    await rm(archive);
    const refused = await sandbox.run(['env', 'build', 'iris', ...both, ...output]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/takes one platform\n.*--platform/) });
    expect(await readdir(sandbox.folder)).not.toContain('iris.tar');
  });

  it('lets `latest` name the newest image for each platform, whichever was built last', async () => {
    await pushBases(base);
    const make = async (platform: string, ...more: string[]): Promise<ImageView> =>
      await build('iris.yml', '--platform', platform, ...more);
    const inspect = async (repository: string, tag: string): Promise<CopiedImage> =>
      await sandbox.json(['image', 'copy', `localhost/${repository}:${tag}`, `oci:${tag}-${Math.random()}`]);
    const amd = await make('linux-64');
    const { repository } = amd;
    expect(await inspect(repository, 'latest')).toMatchObject({ digest: amd.digest, platforms: ['linux/amd64'] });
    const arm = await make('linux-aarch64');
    const both = await inspect(repository, 'latest');
    expect(both.platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect(await inspect(repository, '1')).toMatchObject({ digest: amd.digest });
    expect(await inspect(repository, '2')).toMatchObject({ digest: arm.digest });
    expect(await sandbox.run(['image', 'validate', `localhost/${repository}:latest`])).toMatchObject({ exitCode: 0 });
    // What is built again takes the place of its own platform.
    index.publish(grape('1.1'));
    const newer = await make('linux-64', '--rebuild');
    const copy = ['image', 'copy', `localhost/${repository}:latest`];
    const digestFor = async (platform: string): Promise<string> =>
      (await sandbox.json<CopiedImage>([...copy, `oci:${platform}`, '--platform', platform])).digest;
    expect(await digestFor('linux-64')).toBe(newer.digest);
    expect(await digestFor('linux-aarch64')).toBe(arm.digest);
    // One that is gone is no reason to fail.
    const manifest = arm.digest.slice('sha256:'.length);
    await rm(join(sandbox.folder, '.terroir/registry/blobs/sha256', manifest.slice(0, 2), manifest));
    index.publish(grape('1.2'));
    const newest = await make('linux-64', '--rebuild');
    expect(await inspect(repository, 'latest')).toMatchObject({ digest: newest.digest, platforms: ['linux/amd64'] });
  });

  it('keeps to its lock until a rebuild, which warns and makes the next revision; the earlier one stays', async () => {
    const first = await build('iris.yml');
    index.publish(grape('1.1'));
    expect(await build('iris')).toMatchObject({ digest: first.digest, source: 'workspace' });
    const result = await sandbox.run(['env', 'build', 'iris', '--rebuild', '--json']);
    const second = JSON.parse(result.stdout) as ImageView;
    expect(result.stderr).toMatch(/packages without a pin may move/);
    expect(second).toMatchObject({ revision: 2, source: 'built', lockRevision: 2 });
    expect(second.layers.flatMap(({ packages }) => packages)).toEqual(['grape 1.1']);
    expect(await sandbox.json(['env', 'image', 'iris', '--revision', '1'])).toMatchObject({ digest: first.digest });
    expect(await sandbox.json(['env', 'image', 'iris'])).toMatchObject({ digest: second.digest });
  });

  it('tells what a machine would pull for another one', async () => {
    const first = await build('iris.yml');
    index.publish(makeWheel({ name: 'plum', version: '2.0', files: { 'plum.py': '' } }));
    await sandbox.write('more.yml', definition().replace('iris', 'more').replace('[grape]', '[grape, plum]'));
    const second = await build('more.yml');
    const { image } = await sandbox.json<{ image: { added: { packages: string[] }[]; pull: number; shared: number } }>([
      'env',
      'diff',
      'iris',
      'more',
    ]);
    expect(image).toMatchObject({ from: first.digest, to: second.digest });
    expect(image.added.map(({ packages }) => packages)).toEqual([['plum 2.0'], []]);
    expect(image.pull + image.shared).toBe(second.layers.reduce((sum, { size }) => sum + size, 0));
    const shown = await sandbox.run(['env', 'diff', 'iris', 'more']);
    expect(shown.stdout).toMatch(/image layers\n {2}\+ [0-9a-f]{12} .* plum 2\.0\n.*to pull, .* shared/s);
  });

  it('follows a base whose tag moved, and does without a registry that is away', async () => {
    const first = await build('iris.yml');
    await pushBase(base, [{ name: 'etc/motd', content: 'news\n' }]);
    expect(await build('iris')).toMatchObject({ digest: first.digest, source: 'workspace' });
    letAMinutePass();
    const second = await build('iris');
    expect(second).toMatchObject({ revision: 2, lockDigest: first.lockDigest, source: 'built' });
    expect(second.base?.digest).not.toBe(first.base?.digest);
    expect(second.layers.slice(1)).toEqual(first.layers.slice(1));
    const offline = await sandbox.run(['env', 'build', 'iris', '--offline', '--json']);
    expect(JSON.parse(offline.stdout)).toMatchObject({ digest: second.digest, source: 'workspace' });
  });

  it('looks at a base once that moved for another platform only: the image is the same, and is found the next time', async () => {
    await pushBases(base);
    const first = await build('iris.yml');
    await pushBases(base, { arm64: [{ name: 'etc/motd', content: 'news\n' }] });
    letAMinutePass();
    const moved = await sandbox.run(['env', 'build', 'iris', '--json']);
    expect(moved.stderr).toMatch(/moved from sha256:\w+ to sha256:\w+: building again/);
    const second = JSON.parse(moved.stdout) as ImageView;
    expect(second).toMatchObject({ revision: 2, digest: first.digest, source: 'built' });
    expect(second.base?.digest).not.toBe(first.base?.digest);
    const again = await sandbox.run(['env', 'build', 'iris', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ revision: 2, digest: first.digest, source: 'workspace' });
    expect(again.stderr).not.toMatch(/moved from/);
  });

  it('stays on its base without automatic rebuilds, until it is rebuilt', async () => {
    await sandbox.write('held.yml', definition('auto_rebuild: disabled\n'));
    const first = await build('held.yml');
    await pushBase(base, [{ name: 'etc/motd', content: 'news\n' }]);
    letAMinutePass();
    expect(await build('held.yml')).toMatchObject({ digest: first.digest, source: 'workspace' });
    expect((await build('held.yml', '--rebuild')).base?.digest).not.toBe(first.base?.digest);
  });

  it('takes its Python from the base, and locks again when a moved base brings another one', async () => {
    await sandbox.write('any.yml', `name: any\nimage: ${base}\nrequirements: [grape]\n`);
    const first = await build('any.yml');
    const pythonOf = async () =>
      (await sandbox.json<{ lock: { python: unknown } }>(['env', 'lock', 'any'])).lock.python;
    expect(await pythonOf()).toEqual({ version: '3.11', source: 'base' });
    index.publish(grape('1.1'));
    await pushBase(base, [], otherPython);
    letAMinutePass();
    const moved = await sandbox.run(['env', 'build', 'any', '--json']);
    expect(moved.stderr).toMatch(/moved from Python 3\.11 to 3\.12: locking again/);
    expect(JSON.parse(moved.stdout)).toMatchObject({ revision: 2, lockRevision: 2, source: 'built' });
    expect(await pythonOf()).toEqual({ version: '3.12', source: 'base' });
    expect((JSON.parse(moved.stdout) as ImageView).layers.flatMap(({ packages }) => packages)).toEqual(['grape 1.0']);
    expect(await sandbox.json(['env', 'image', 'any', '--revision', '1'])).toMatchObject({ digest: first.digest });
  });

  it('keeps the Python of the base when its registry is away, whatever is on this machine', async () => {
    const own = await startDockerRegistry({ root: join(folder, 'away') });
    await pushBase(`${own.host}/base:1`, [], otherPython);
    await sandbox.write('any.yml', `name: any\nimage: ${own.host}/base:1\nrequirements: [grape]\n`);
    await sandbox.json(['env', 'create', 'any.yml', '--lock']);
    await own.stop();
    // Nothing of the base is here.
    await rm(join(sandbox.folder, '.terroir', 'registry'), { recursive: true });
    const env = { TERROIR_HOME: join(sandbox.folder, 'other') };
    const again = await sandbox.run(['env', 'lock', 'any', '--relock', '--json'], { env });
    expect(again.stderr).toContain('so it is 3.12, as before');
    const { lock } = JSON.parse(again.stdout) as { lock: { python: unknown } };
    expect(lock.python).toEqual({ version: '3.12', source: 'base' });
  });

  it('builds once, however many ask', async () => {
    await sandbox.run(['env', 'create', 'iris.yml']);
    const all = await Promise.all(Array.from({ length: 4 }, async () => await build('iris')));
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1);
    expect(all.filter(({ source }) => source === 'built')).toHaveLength(1);
    expect(new Set(all.map(({ revision }) => revision))).toEqual(new Set([1]));
  });

  it('builds each platform once: who builds several waits for whoever is building one of them', async () => {
    await pushBases(base);
    const { fingerprint } = await sandbox.json<{ fingerprint: string }>(['env', 'create', 'iris.yml']);
    const workspace = await openWorkspace(join(sandbox.folder, '.terroir'), { user: 'bob', origin: 'test' });
    const takeLease = async (platform: string) =>
      await workspace.leases.take(`build-${fingerprint.slice(0, 32)}-${platform}`);
    try {
      const held = await takeLease('linux-aarch64');
      if (!('lease' in held)) throw new Error('not taken');
      // In either order: two that began at different ends would wait for each other.
      const orders = [
        ['--platform', 'linux-64', '--platform', 'linux-aarch64'],
        ['--platform', 'linux-aarch64', '--platform', 'linux-64'],
      ];
      const words = ['env', 'build', 'iris', '--json', '--progress', 'ndjson'];
      const builds = orders.map((platforms) => sandbox.start([...words, ...platforms]));
      await Promise.all(builds.map(({ child }) => untilWritten(child, 'Waiting for another process')));
      expect(await takeLease('linux-64')).toHaveProperty('heldBy');
      expect(await workspace.images.latest(fingerprint)).toBeUndefined();
      await held.lease.release();
      const outcomes = await Promise.all(builds.map(async ({ outcome }) => await outcome));
      const made = outcomes.flatMap(({ stdout }) => (JSON.parse(stdout) as { items: ImageView[] }).items);
      expect(made.filter(({ source }) => source === 'built')).toHaveLength(2);
      expect(made.map(({ revision }) => revision)).toEqual([1, 1, 1, 1]);
    } finally {
      await workspace.close();
    }
  });

  it('goes on where one that was killed left off, and nothing half-made is tagged', async () => {
    const expected = await sandbox.json<ImageView>(['env', 'build', 'iris.yml'], {
      env: { TERROIR_HOME: join(sandbox.folder, 'other'), TERROIR_WORKSPACE: join(sandbox.folder, 'w2') },
    });
    for (const moment of [300, 700, 1100, 1500]) {
      const { child, outcome } = sandbox.start(['env', 'build', 'iris.yml']);
      await sleep(moment);
      child.kill('SIGKILL');
      await outcome;
    }
    expect((await build('iris.yml')).digest).toBe(expected.digest);
  });

  it('brings back what was damaged in the workspace’s registry', async () => {
    const first = await build('iris.yml');
    const layer = first.layers[1]?.digest.slice('sha256:'.length) ?? '';
    const path = join(sandbox.folder, '.terroir', 'registry', 'blobs', 'sha256', layer.slice(0, 2), layer);
    await rm(path);
    expect(await build('iris')).toMatchObject({ digest: first.digest, revision: 1 });
    expect(execFileSync('wc', ['-c', path], { encoding: 'utf8' })).toContain(String(first.layers[1]?.size));
  });

  it('writes an OCI archive that engines take without being told which image of it', async () => {
    const archive = join(sandbox.folder, 'iris.tar');
    const { digest, repository } = await build('iris.yml', '--output', `oci-archive:${archive}`);
    const inspected = execFileSync('skopeo', ['inspect', `oci-archive:${archive}`], { encoding: 'utf8' });
    expect(JSON.parse(inspected)).toMatchObject({ Digest: digest });
    const index = execFileSync('tar', ['-xOf', archive, 'index.json'], { encoding: 'utf8' });
    expect(JSON.parse(index)).toMatchObject({
      manifests: [{ digest, annotations: { 'org.opencontainers.image.ref.name': `${repository}:1` } }],
    });
  });

  it('brings back what turns out to be damaged while it is read, of the base and of packages', async () => {
    const first = await build('iris.yml');
    for (const [at, { digest }] of first.layers.entries()) {
      const hex = digest.slice('sha256:'.length);
      const path = join(sandbox.folder, '.terroir', 'registry', 'blobs', 'sha256', hex.slice(0, 2), hex);
      const bytes = await readFile(path);
      await rm(path);
      await writeFile(
        path,
        bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte)),
      );
      const words = ['env', 'build', 'iris', '--output', `oci:${join(sandbox.folder, `layout-${at}`)}`, '--json'];
      const outcome = await sandbox.run(words);
      expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
      expect(outcome.stderr).toContain(`the content ${digest} of the workspace's registry was damaged`);
      expect(JSON.parse(outcome.stdout)).toMatchObject({ digest: first.digest, revision: 1 });
      expect(await readFile(path)).toEqual(bytes);
    }
  });

  it('executes steps with an engine, once for the same base and steps until a rebuild', async () => {
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    await pushBase(base, [{ name: './usr/bin/sh', mode: 0o755, content: await readFile(busybox) }]);
    const env = { TERROIR_BUILD_NETWORK: 'host', BUILDAH_ISOLATION: 'chroot' };
    await sandbox.write('steps.yml', definition('docker_steps: |\n  RUN echo made > /made\n  ENV COLOUR=blue\n'));
    const words = ['env', 'build', 'steps.yml', '--engine', 'buildah'];
    const first = await sandbox.run([...words, '--json'], { env });
    expect(first.stderr).toMatch(/Building with buildah/);
    expect(first.exitCode, first.stdout).toBe(0);
    expect((JSON.parse(first.stdout) as ImageView).layers.map(({ kind }) => kind)).toEqual([
      'base',
      'steps',
      'packages',
      'environment',
    ]);
    index.publish(grape('1.1'));
    await sandbox.json(['env', 'lock', 'iris', '--relock']);
    const second = await sandbox.run([...words, '--json'], { env });
    expect(second.stderr).not.toMatch(/Building with buildah/);
    expect(JSON.parse(second.stdout)).toMatchObject({ revision: 2, source: 'built' });
    const third = await sandbox.run([...words, '--rebuild', '--json'], { env });
    expect(third.stderr).toMatch(/Building with buildah/);
    expect(JSON.parse(third.stdout)).toMatchObject({ revision: 3, source: 'built' });
  });

  it('builds a context with several stages, without what it ignores, and puts packages on top', async () => {
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    await pushBase(base, [{ name: './usr/bin/sh', mode: 0o755, content: await readFile(busybox) }]);
    const env = { TERROIR_BUILD_NETWORK: 'host', BUILDAH_ISOLATION: 'chroot' };
    await sandbox.write(
      'context/docker/Dockerfile',
      `FROM ${base} AS first\nCOPY . /all\nRUN ls /all > /list\nFROM ${base}\nCOPY --from=first /list /list\nENV COLOUR=blue\n`,
    );
    await sandbox.write('context/.dockerignore', 'secret.txt\n');
    await sandbox.write('context/secret.txt', 'sesame');
    await sandbox.write('context/kept.txt', '');
    await sandbox.write(
      'context.yml',
      'name: context\nbuild: {path: context, dockerfile_path: docker/Dockerfile}\npython: {version: "3.11"}\nrequirements: [grape]\n',
    );
    const words = ['env', 'build', 'context.yml', '--engine', 'buildah', '--json'];
    const first = await sandbox.run([...words, '--output', `oci:${join(sandbox.folder, 'layout')}`], { env });
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    const image = JSON.parse(first.stdout) as ImageView;
    expect(image.layers.flatMap(({ packages }) => packages)).toEqual(['grape 1.0']);
    const unpacked = join(sandbox.folder, 'unpacked');
    execFileSync('umoci', ['unpack', '--rootless', '--image', `${join(sandbox.folder, 'layout')}:latest`, unpacked], {
      stdio: 'ignore',
    });
    expect(await readFile(join(unpacked, 'rootfs', 'list'), 'utf8')).toBe('docker\nkept.txt\n');
    // What the context ignores is no part of it; what it has is.
    await sandbox.write('context/secret.txt', 'other');
    const again = await sandbox.run(words, { env });
    expect(JSON.parse(again.stdout)).toMatchObject({ digest: image.digest, source: 'workspace' });
    await sandbox.write('context/more.txt', '');
    const changed = await sandbox.run(words, { env });
    expect(JSON.parse(changed.stdout)).toMatchObject({ source: 'built', revision: 1 });
  });

  it('compiles modules where the definition asks for it, the same wherever it is done', async () => {
    const program = 'import platform; print(platform.python_version())';
    const version = execFileSync('/usr/bin/python3', ['-c', program], { encoding: 'utf8' }).trim();
    const minor = version.split('.').slice(0, 2).join('.');
    const entries = debianLike.map((entry) => ({
      ...entry,
      name: entry.name.replace('3.11', minor),
      ...(entry.linkname === undefined ? {} : { linkname: entry.linkname.replace('3.11', minor) }),
      ...(typeof entry.content === 'string' ? { content: entry.content.replace('3.11.2', version) } : {}),
    }));
    await pushBase(base, [], entries);
    index.publish(
      makeWheel({ name: 'fig', version: '1.0', files: { 'fig.py': 'x = 1\n', 'fig_old.py': 'print "2"\n' } }),
    );
    await sandbox.write('fast.yml', `name: fast\nimage: ${base}\nbytecode: true\nrequirements: [grape, fig]\n`);
    const image = await build('fast.yml', '--output', `oci:${join(sandbox.folder, 'layout')}`);
    const compiled = image.layers.filter(({ kind }) => kind === 'bytecode');
    expect(compiled.flatMap(({ packages }) => packages).sort()).toEqual(['fig 1.0', 'grape 1.0']);
    const unpacked = join(sandbox.folder, 'unpacked');
    execFileSync('umoci', ['unpack', '--rootless', '--image', `${join(sandbox.folder, 'layout')}:latest`, unpacked], {
      stdio: 'ignore',
    });
    const site = join(unpacked, 'rootfs', 'opt', 'terroir', 'env', 'lib', `python${minor}`, 'site-packages');
    expect(await readdir(join(site, '__pycache__'))).toEqual([`fig.cpython-${minor.replace('.', '')}.pyc`]);
    // It is what Python imports: the source may be gone.
    await rm(join(site, 'fig.py'));
    await rename(join(site, '__pycache__', `fig.cpython-${minor.replace('.', '')}.pyc`), join(site, 'fig.pyc'));
    expect(
      execFileSync('/usr/bin/python3', ['-c', 'import fig; print(fig.x)'], {
        encoding: 'utf8',
        env: { PYTHONPATH: site },
      }),
    ).toBe('1\n');
    const elsewhere = { TERROIR_HOME: join(sandbox.folder, 'other'), TERROIR_WORKSPACE: join(sandbox.folder, 'w2') };
    const again = await sandbox.json<ImageView>(['env', 'build', 'fast.yml'], { env: elsewhere });
    expect(again).toMatchObject({ digest: image.digest, source: 'built' });
    await sandbox.write('plain.yml', `name: plain\nimage: ${base}\nrequirements: [grape, fig]\n`);
    const plain = await build('plain.yml');
    const shared = image.layers.filter(({ digest }) => plain.layers.some((layer) => layer.digest === digest));
    expect(shared.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['base', 'packages']));
  });

  it('looks for a user-managed interpreter in the image', async () => {
    const own = (path: string): string => `name: own\nimage: ${base}\npython: {interpreter_path: ${path}}\n`;
    await sandbox.write('own.yml', own('python3'));
    expect((await build('own.yml')).layers.map(({ kind }) => kind)).toEqual(['base']);
    await sandbox.write('own.yml', own('/opt/conda/bin/python'));
    expect(await sandbox.run(['env', 'build', 'own.yml'])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/has no interpreter `\/opt\/conda\/bin\/python`\n.*`\/usr\/bin\/python3\.11`/),
    });
  });

  it('says what is wrong', async () => {
    await sandbox.write('bare.yml', 'name: bare\nrequirements: [grape]\n');
    expect(await sandbox.run(['env', 'build', 'bare.yml'])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/bare:1 has no base image.*\n.*--image python:/),
    });
    await sandbox.write('gone.yml', `image: ${registry.host}/nothing:1\nrequirements: [grape]\n`);
    expect(await sandbox.run(['env', 'build', 'gone.yml'])).toMatchObject({ exitCode: 4 });
    expect(await sandbox.run(['env', 'image', 'iris.yml'])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/iris:1 has no image for linux-64\n.*terroir env build iris:1/),
    });
    await sandbox.write('old.yml', definition().replace('3.11', '3.12'));
    expect(await sandbox.run(['env', 'build', 'old.yml'])).toMatchObject({
      exitCode: 5,
      stderr: expect.stringMatching(/3\.12/),
    });
    expect(await sandbox.run(['env', 'build', 'iris.yml', '--output', 'tarball:x'])).toMatchObject({ exitCode: 2 });
  });
});

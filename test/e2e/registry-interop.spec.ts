import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHttp, type Http } from '../../src/io/index.ts';
import { createRegistryClient, type RegistryClient, type RemoteRepository } from '../../src/registry/index.ts';
import { type MadeBase, makeBase } from '../kit/base-image.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { goProgram } from '../kit/go-program.ts';
import { type RegistryProcess, startOwnRegistry } from '../kit/registry/docker-registry.ts';

const execute = promisify(execFile);
const craneProgram = await goProgram('github.com/google/go-containerregistry/cmd/crane', 'v0.20.8');
let folder: string;
let registry: RegistryProcess;
let http: Http;
let client: RegistryClient;
let image: MadeBase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-interop-'));
  registry = await startOwnRegistry(join(folder, 'registry'));
  http = createHttp({ env: {} });
  client = createRegistryClient({
    http,
    findCredentials: async () => await Promise.resolve({ credentials: undefined }),
  });
  image = await makeBase({
    layers: [
      [{ name: 'etc/' }, { name: 'etc/hello', content: 'hello' }],
      [{ name: 'etc/world', content: 'world\n'.repeat(100_000) }],
    ],
  });
  const repository = open('made/base');
  for (const { digest, size, bytes } of image.blobs) {
    const source = async function* (start: number) {
      yield await Promise.resolve(bytes.subarray(start));
    };
    await repository.pushBlob({ digest, size, open: source });
  }
  await repository.pushManifest({ bytes: image.manifest.bytes, reference: 'latest' });
});
afterAll(async () => {
  await http.close();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: string): RemoteRepository => client.repository(registry.host, name);
const run = async (program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
  const options = { env: { PATH: process.env.PATH, HOME: folder, ...env }, maxBuffer: 1 << 26 };
  return (await execute(program, args, options)).stdout;
};
const layersOf = async (name: string, tag: string): Promise<string[]> => {
  const { bytes } = await open(name).readManifest(tag);
  const { layers } = JSON.parse(bytes.toString()) as { layers: { digest: string }[] };
  return layers.map(({ digest }) => digest);
};
const ownLayers = (): string[] =>
  image.blobs.filter(({ mediaType }) => mediaType.includes('layer')).map(({ digest }) => digest);

test('skopeo copies from and to it, lists and deletes', async () => {
  const skopeo = async (...args: string[]) => await run('skopeo', args);
  const layout = `oci:${join(folder, 'layout')}:x`;
  const source = `docker://${registry.host}/made/base:latest`;
  await skopeo('copy', '--src-tls-verify=false', '--preserve-digests', source, layout);
  const blobs = await readdir(join(folder, 'layout/blobs/sha256'));
  expect(blobs).toContain(image.manifest.digest.slice(7));
  for (const { digest, bytes } of image.blobs) {
    expect(await readFile(join(folder, 'layout/blobs/sha256', digest.slice(7)))).toEqual(bytes);
  }

  for (const tag of ['one', 'two']) {
    await skopeo(
      'copy',
      '--dest-tls-verify=false',
      '--preserve-digests',
      layout,
      `docker://${registry.host}/skopeo/back:${tag}`,
    );
  }
  expect(await open('skopeo/back').findManifest('one')).toMatchObject({ digest: image.manifest.digest });
  const listed = await skopeo('list-tags', '--tls-verify=false', `docker://${registry.host}/skopeo/back`);
  expect(JSON.parse(listed)).toMatchObject({ Tags: ['one', 'two'] });
  const docker = `docker://${registry.host}/skopeo/docker:v2`;
  await skopeo('copy', '--dest-tls-verify=false', '--format', 'v2s2', layout, docker);
  const raw = await skopeo('inspect', '--tls-verify=false', '--raw', docker);
  expect(JSON.parse(raw)).toMatchObject({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' });
  await skopeo('delete', '--tls-verify=false', `docker://${registry.host}/skopeo/back:one`);
  expect(await open('skopeo/back').listTags()).toEqual([]);
});

test('podman pulls from and pushes to it', async () => {
  const store = ['--root', join(folder, 'podman'), '--runroot', join(folder, 'podman-run'), '--storage-driver', 'vfs'];
  const podman = async (...args: string[]) => await run('podman', [...store, ...args]);
  const source = `${registry.host}/made/base:latest`;
  await podman('pull', '--quiet', '--tls-verify=false', source);
  const back = `${registry.host}/podman/back:1`;
  await podman('tag', source, back);
  await podman('push', '--quiet', '--tls-verify=false', back);
  expect(await layersOf('podman/back', '1')).toHaveLength(2);
  await podman('rmi', '--all', '--force');
  await podman('pull', '--quiet', '--tls-verify=false', back);
  const mounted = (await podman('image', 'mount', back)).trim();
  expect(await readFile(join(mounted, 'etc/hello'), 'utf8')).toBe('hello');
  await podman('image', 'umount', back);
});

test.skipIf(craneProgram === undefined)('crane pushes, copies, lists, validates and deletes', async () => {
  const crane = async (...args: string[]) => (await run(craneProgram ?? '', args)).trim();
  const at = (name: string) => `${registry.host}/crane/${name}`;
  const archive = join(folder, 'crane.tar');
  await crane('pull', `${registry.host}/made/base:latest`, archive);
  await crane('push', archive, at('pushed:1'));
  await crane('validate', '--remote', at('pushed:1'));
  await crane('copy', `${registry.host}/made/base:latest`, at('copied:1'));
  expect(await crane('digest', at('copied:1'))).toBe(image.manifest.digest);
  await crane('index', 'append', '--tag', at('copied:index'), '--manifest', at('copied:1'));
  await crane('mutate', '--annotation', 'colour=blue', at('copied:1'), '--tag', at('copied:blue'));
  expect((await crane('ls', at('copied'))).split('\n')).toEqual(['1', 'blue', 'index']);
  expect(await crane('catalog', registry.host)).toContain('crane/copied');
  await crane('delete', at(`copied@${image.manifest.digest}`));
  expect((await crane('ls', at('copied'))).split('\n')).toEqual(['blue', 'index']);
});

describe('containerd', () => {
  let daemon: ChildProcess | undefined;
  beforeAll(async () => {
    await mkdir(join(folder, 'containerd'));
    const config = join(folder, 'containerd/config.toml');
    const [root, state, socket] = ['root', 'state', 'socket'].map((name) => join(folder, 'containerd', name));
    await writeFile(config, `version = 2\nroot = "${root}"\nstate = "${state}"\n[grpc]\naddress = "${socket}"\n`);
    daemon = spawn('containerd', ['--config', config], { stdio: 'ignore' });
    daemon.on('error', () => undefined);
  });
  afterAll(async () => {
    if (daemon === undefined || daemon.exitCode !== null) return;
    const ended = new Promise((resolve) => daemon?.once('close', resolve));
    daemon.kill('SIGTERM');
    await ended;
  });

  test('pulls from and pushes to it', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('containerd starts for root only');
    const ctr = async (...args: string[]) =>
      await run('ctr', ['--address', join(folder, 'containerd/socket'), ...args]);
    await expect.poll(async () => await ctr('version').catch(() => ''), { timeout: 30_000 }).toContain('Server');
    const source = `${registry.host}/made/base:latest`;
    await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', source);
    await ctr('images', 'tag', source, `${registry.host}/ctr/back:1`);
    await ctr('images', 'push', '--plain-http', `${registry.host}/ctr/back:1`);
    expect(await open('ctr/back').findManifest('1')).toMatchObject({ digest: image.manifest.digest });
  });
});

describe('docker', () => {
  let daemon: DockerDaemon | undefined;
  beforeAll(async () => {
    daemon = await startDockerDaemon();
  });
  afterAll(async () => await daemon?.stop());

  test('pulls from and pushes to it', async ({ skip }) => {
    if (daemon === undefined) skip('no Docker daemon starts here');
    const docker = async (...args: string[]) => await run('docker', args, { DOCKER_HOST: daemon?.host ?? '' });
    const source = `${registry.host}/made/base:latest`;
    await docker('pull', '--quiet', source);
    const back = `${registry.host}/docker/back:1`;
    await docker('tag', source, back);
    await docker('push', '--quiet', back);
    // Mounted, not sent again.
    expect(await layersOf('docker/back', '1')).toEqual(ownLayers());
    const container = (await docker('create', source, 'true')).trim();
    await docker('commit', '--message', 'changed', container, `${registry.host}/docker/new:1`);
    await docker('push', '--quiet', `${registry.host}/docker/new:1`);
    await docker('rm', container);
    await docker('rmi', '--force', source, back, `${registry.host}/docker/new:1`);
    await docker('pull', '--quiet', `${registry.host}/docker/new:1`);
    const inspected = JSON.parse(await docker('image', 'inspect', `${registry.host}/docker/new:1`)) as unknown[];
    expect(inspected).toHaveLength(1);
  });
});

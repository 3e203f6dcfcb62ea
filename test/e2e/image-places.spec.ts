import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { CopiedImage, ImageValidation } from '../../src/app/index.ts';
import { type BaseEntry, debianLike, type MadeBase, type MadeBlob, makeBase, writeBase } from '../kit/base-image.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const execute = promisify(execFile);
const env = { PATH: process.env.PATH };
let folder: string;
let registry: RegistryProcess;
let index: PypiIndex;
let sandbox: Sandbox;
let good: MadeBase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-places-'));
  registry = await startDockerRegistry({ root: join(folder, 'registry') });
  index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0', files: { 'grape/__init__.py': '' } })]);
  sandbox = await createSandbox({ index: index.url });
  good = await makeBase({ layers: [debianLike] });
  await writeBase(join(folder, 'good'), [{ base: good }]);
});
afterAll(async () => {
  await sandbox.remove();
  await index.close();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

const layout = (name: string): string => `oci:${join(folder, name)}`;
const copy = async (...args: string[]): Promise<CopiedImage> => await sandbox.json(['image', 'copy', ...args]);
/** With the exit code that it ended with. */
const validate = async (...args: string[]): Promise<ImageValidation & { exitCode: number | null }> => {
  const { stdout, stderr, exitCode } = await sandbox.run(['image', 'validate', ...args, '--json']);
  expect(stdout, stderr).not.toBe('');
  return { ...(JSON.parse(stdout) as ImageValidation), exitCode };
};

describe('image copy', { timeout: 60_000 }, () => {
  it('goes from a layout to registries, archives and back with the same digest', async () => {
    const { digest } = good.manifest;
    const [far, near] = [`${registry.host}/team/base:1`, 'localhost/base:1'];
    const archive = `oci-archive:${join(folder, 'base.tar')}`;
    const first = await copy(layout('good'), far);
    expect(first).toMatchObject({ digest, platforms: ['linux/amd64'], present: 0 });
    expect(first.written).toBeGreaterThan(0);
    expect(await copy(far, near)).toMatchObject({ digest });
    expect(await copy(near, archive)).toMatchObject({ digest });
    expect(await copy(archive, layout('back'))).toMatchObject({ digest });
    expect(await copy(layout('back'), far)).toMatchObject({ digest, written: 0, present: first.written });
    for (const place of [far, near, archive, layout('back')])
      expect(await validate(place)).toMatchObject({ digest, findings: [], valid: true, exitCode: 0 });
    const inspected = await execute('skopeo', ['inspect', `oci-archive:${join(folder, 'base.tar')}`], { env });
    expect(JSON.parse(inspected.stdout)).toMatchObject({ Digest: digest });
  });

  it('brings a base image by file, of which an environment is then built', async () => {
    const file = join(folder, 'saved.tar');
    await execute('skopeo', ['copy', '-q', layout('good'), `docker-archive:${file}:made/base:7`], { env });
    await copy(`docker-archive:${file}`, 'localhost/saved:1');
    await sandbox.write('requirements.txt', 'grape\n');
    await sandbox.json([
      'env',
      'create',
      '--name',
      'iris',
      '--image',
      'localhost/saved:1',
      '--requirements',
      'requirements.txt',
    ]);
    const built = await sandbox.json<{ base: { reference: string } }>([
      'env',
      'build',
      'iris',
      '--output',
      'docker-archive:iris.tar',
    ]);
    expect(built.base.reference).toBe('localhost/saved:1');
    expect(await validate('docker-archive:iris.tar')).toMatchObject({ valid: true, findings: [], exitCode: 0 });
    const { stdout } = await execute('skopeo', ['inspect', `docker-archive:${join(sandbox.folder, 'iris.tar')}`], {
      env,
    });
    expect(JSON.parse(stdout)).toMatchObject({ Architecture: 'amd64' });
  });

  it('takes an index with its attestations, or one platform of it', async () => {
    const other = await makeBase({ layers: [debianLike], architecture: 'arm64' });
    const said = await makeBase({ layers: [[{ name: 'said.json', content: '{}' }]], architecture: 'unknown' });
    await writeBase(join(folder, 'many'), [
      { base: good, platform: { os: 'linux', architecture: 'amd64' } },
      { base: other, platform: { os: 'linux', architecture: 'arm64' } },
      { base: said, platform: { os: 'unknown', architecture: 'unknown' } },
    ]);
    const whole = await copy(layout('many'), 'localhost/many:1');
    expect(await copy('localhost/many:1', `${registry.host}/many:1`)).toMatchObject({ digest: whole.digest });
    expect(await copy('localhost/many:1', 'localhost/arm:1', '--platform', 'linux-aarch64')).toMatchObject({
      digest: other.manifest.digest,
      platforms: ['linux/arm64'],
    });
    const refused = await sandbox.run(['image', 'copy', 'localhost/many:1', 'docker-archive:many.tar']);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--platform') });
  });

  test.each([
    [['oci:nowhere', 'localhost/a:1'], 'no OCI layout'],
    [['localhost/nowhere:1', 'oci:out'], 'nowhere:1'],
    [['Not A Place', 'oci:out'], 'no place for an image'],
    [['localhost/base:1', `localhost/base@sha256:${'a'.repeat(64)}`], 'cannot be copied to a digest'],
  ])('%j is an error that says so', async (args, message) => {
    const outcome = await sandbox.run(['image', 'copy', ...args]);
    expect(outcome.stderr).toContain(message);
    expect(outcome.exitCode).not.toBe(0);
  });
});

describe('image validate', { timeout: 60_000 }, () => {
  const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  /** The image with other bytes for its only layer, under their right digest unless `size` says otherwise. */
  const withLayer = async (name: string, bytes: Buffer, size = bytes.length): Promise<string> => {
    const [old, config] = good.blobs as [MadeBlob, MadeBlob];
    const layer = { mediaType: old.mediaType, digest: digestOf(bytes), size, bytes };
    const manifest = JSON.parse(good.manifest.bytes.toString()) as { layers: unknown[] };
    manifest.layers = [{ mediaType: layer.mediaType, digest: layer.digest, size }];
    const text = Buffer.from(JSON.stringify(manifest));
    const made = { ...good.manifest, digest: digestOf(text), size: text.length, bytes: text };
    await writeBase(join(folder, name), [{ base: { manifest: made, blobs: [layer, config, made] } }]);
    return layout(name);
  };
  const layerOf = (): Buffer => (good.blobs[0] as MadeBlob).bytes;
  const imageOf = async (name: string, ...layers: BaseEntry[][]): Promise<string> => {
    await writeBase(join(folder, name), [{ base: await makeBase({ layers }) }]);
    return layout(name);
  };

  test.each<[string, string, () => Promise<string>]>([
    ['a wrong diffID', 'DIFF_ID', async () => await withLayer('diff', gzipSync(Buffer.alloc(10_240)))],
    ['a broken gzip stream', 'COMPRESSION', async () => await withLayer('gzip', layerOf().subarray(0, -20))],
    ['another size', 'BLOB_WRONG', async () => await withLayer('size', layerOf(), layerOf().length + 1)],
    ['a path outside', 'PATH_OUTSIDE', async () => await imageOf('outside', [{ name: '../escaped', content: 'x' }])],
    [
      'a whiteout that is a file',
      'WHITEOUT',
      async () => await imageOf('whiteout', [{ name: 'opt/env/lib/.wh.site.py', content: 'import this' }]),
    ],
  ])('%s is %s', async (_title, code, make) => {
    const { findings, ...rest } = await validate(await make(), '--strict');
    expect(findings.map((each) => each.code)).toContain(code);
    expect(rest).toMatchObject({ exitCode: 7, digest: expect.stringMatching(/^sha256:/) });
  });

  it('finds nothing in what another program made', async () => {
    const file = join(folder, 'podman.tar');
    await execute(
      'skopeo',
      ['copy', '-q', '--format', 'v2s2', layout('good'), `docker://${registry.host}/v2s2:1`, '--dest-tls-verify=false'],
      { env },
    );
    expect(await validate(`${registry.host}/v2s2:1`)).toMatchObject({ valid: true, exitCode: 0 });
    await execute('skopeo', ['copy', '-q', layout('good'), `docker-archive:${file}:a/b:1`], { env });
    expect(await validate(`docker-archive:${file}:a/b:1`)).toMatchObject({ valid: true, findings: [], exitCode: 0 });
  });

  it('says what is no image at all', async () => {
    await writeFile(join(folder, 'noise.tar'), Buffer.alloc(2048, 'x'));
    expect(await sandbox.run(['image', 'validate', `docker-archive:${join(folder, 'noise.tar')}`])).toMatchObject({
      exitCode: 7,
    });
    expect((await sandbox.run(['image', 'validate', 'docker-archive:nowhere.tar'])).exitCode).not.toBe(0);
  });
});

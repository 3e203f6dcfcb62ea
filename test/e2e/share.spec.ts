import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import { openWorkspace } from '../../src/workspace/index.ts';
import { pushBase } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const grape = makeWheel({ name: 'grape', version: '1.0', files: { 'grape/__init__.py': '' } });
const plum = makeWheel({ name: 'plum', version: '1.0', files: { 'plum.py': '' } });

describe('sharing an environment', { timeout: 60_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let index: PypiIndex;
  let sandbox: Sandbox;
  let image: ImageView;
  const other = ['--workspace', 'other'];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-share-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushBase(`${registry.host}/base:1`);
    index = await startPypiIndex([grape]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write(plum.filename, plum.bytes);
    await sandbox.write(
      'iris.yml',
      `name: iris\ndescription: All of it\ntags: {kind: flower}\nimage: ${registry.host}/base:1\nrequirements: [grape, "./${plum.filename}"]\n`,
    );
    image = await sandbox.json<ImageView>(['env', 'build', 'iris.yml']);
    await sandbox.run(['env', 'list', ...other]);
  });
  afterAll(async () => {
    await Promise.all([sandbox.remove(), index.close(), registry.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('brings definition, lock, image and built wheels to another workspace, once', async () => {
    const shared = await sandbox.json(['env', 'share', 'iris', 'other']);
    expect(shared).toMatchObject({ name: 'iris', version: '1', outcome: 'created', digest: image.digest });
    const [here, there] = [
      await sandbox.json(['env', 'show', 'iris']),
      await sandbox.json(['env', 'show', 'iris', ...other]),
    ];
    for (const key of ['category', 'description', 'tags', 'fingerprint', 'definition'])
      expect(there[key]).toEqual(here[key]);
    const offline = [...other, '--offline'];
    expect(await sandbox.json(['env', 'build', 'iris', ...offline])).toMatchObject({
      digest: image.digest,
      lockDigest: image.lockDigest,
      source: 'workspace',
    });
    const workspace = await openWorkspace(join(sandbox.folder, 'other'), { user: 'ada' });
    expect(await workspace.blobs.size(plum.sha256)).toBeGreaterThan(0);
    await workspace.close();
    expect(await sandbox.json(['env', 'share', 'iris', 'other'])).toMatchObject({ outcome: 'unchanged' });
    expect(await sandbox.json(['audit', 'verify', ...other])).toMatchObject({ entries: expect.any(Number) });
  });

  it('brings image and lock to a registry, where others find them', async () => {
    await sandbox.json(['env', 'share', 'iris', `${registry.host}/team`]);
    await sandbox.write('mine.yml', (await sandbox.read('iris.yml')).replace('name: iris', 'name: mine'));
    const env = { TERROIR_GLOBAL_REGISTRY: `${registry.host}/team` };
    const taken = await sandbox.json(['env', 'build', 'mine.yml', '--workspace', 'third'], { env });
    expect(taken).toMatchObject({ digest: image.digest, source: 'global' });
  });

  it('says what does not go', async () => {
    await sandbox.write('other.yml', 'name: iris\nversion: "1"\nrequirements: [grape]\n');
    await sandbox.run(['env', 'list', '--workspace', 'fourth']);
    await sandbox.json(['env', 'create', 'other.yml', '--workspace', 'fourth']);
    expect(await sandbox.run(['env', 'share', 'iris', 'fourth'])).toMatchObject({ exitCode: 5 });
    expect(await sandbox.run(['env', 'share', 'iris', './nowhere'])).toMatchObject({ exitCode: 4 });
    expect(await sandbox.run(['env', 'share', 'iris', '.'])).toMatchObject({ exitCode: 2 });
    await sandbox.write('bare.yml', 'name: bare\nrequirements: [grape]\n');
    await sandbox.json(['env', 'create', 'bare.yml']);
    expect(await sandbox.run(['env', 'share', 'bare', registry.host])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/has no image .*\n.*terroir env build bare:1/),
    });
    expect(await sandbox.run(['env', 'share', 'bare', 'other'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/shared: bare:1 in .*without lock or image/),
    });
  });
});

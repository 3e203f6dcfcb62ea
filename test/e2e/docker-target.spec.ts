import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import type { RunRecord } from '../../src/schema/index.ts';
import { debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

describe('runs in containers', { timeout: 120_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let daemon: DockerDaemon | undefined;
  let sandbox: Sandbox;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-target-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    daemon = await startDockerDaemon();
    const shell = await readFile(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim());
    const programs = ['sh', 'busybox'].map((name) => ({ name: `./usr/bin/${name}`, mode: 0o755, content: shell }));
    const base = await makeBase({ layers: [[...debianLike, ...programs, { name: './tmp/', mode: 0o1777 }]] });
    const layout = await writeBase(join(folder, 'layout'), [{ base }]);
    const reference = `${registry.host}/base:1`;
    execFileSync('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci:${layout}`, `docker://${reference}`]);
    sandbox = await createSandbox({ env: { DOCKER_HOST: daemon?.host ?? '', TERROIR_RUN_NETWORK: 'host' } });
    await sandbox.write(
      'tools.yml',
      `name: tools\nimage: ${reference}\nenvironment_variables: {COLOUR: "deep red"}\ndocker_steps: |\n  LABEL made=here\n`,
    );
  }, 60_000);
  afterAll(async () => {
    await sandbox.remove();
    await daemon?.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('build the image, bring it to the engine, run in it, and record its digest', async () => {
    const words = ['run', '--env', 'tools.yml', '--var', 'KEY=secret:MY_KEY'];
    const command = ['--', 'sh', '-c', 'echo "$COLOUR $KEY in $PWD"; busybox id -u > made; exit 4'];
    const outcome = await sandbox.run([...words, ...command], { env: { MY_KEY: 'sesame' } });
    expect(outcome.stdout).toBe(`deep red sesame in ${sandbox.folder}\n`);
    expect(outcome.exitCode).toBe(4);
    expect(await sandbox.read('made')).toBe(`${process.getuid?.()}\n`);
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    const image = await sandbox.json<ImageView>(['env', 'image', 'tools']);
    expect(items[0]).toMatchObject({ target: 'docker', imageDigest: image.digest, exitCode: 4, lockDigest: null });
    expect(JSON.stringify(items)).not.toContain('sesame');
    expect(image.layers.map(({ kind }) => kind)).toEqual(['base']);
  });

  it('are listed among the targets', async () => {
    const { items } = await sandbox.json<{ items: unknown[] }>(['compute', 'list']);
    expect(items).toMatchObject([
      { name: 'local', kind: 'prefix', state: 'ready', platform: 'linux-64' },
      { name: 'docker', kind: 'image', state: 'ready', detail: expect.stringMatching(/^docker \d+/) },
    ]);
  });

  it('say what the image does not have', async () => {
    const outcome = await sandbox.run(['run', '--env', 'tools.yml', '--', 'no-such-program']);
    expect(outcome.exitCode, outcome.stderr).toBe(104);
    expect(outcome.stderr).toMatch(/the image does not have the command: .*no-such-program/);
    // A script may end as engines do.
    expect(await sandbox.run(['run', '--env', 'tools.yml', '--', 'sh', '-c', 'exit 127'])).toMatchObject({
      exitCode: 127,
    });
  });

  it.skipIf(existsSync('/dev/nvidiactl'))('say that there is no GPU for the engine', async () => {
    const outcome = await sandbox.run(['run', '--env', 'tools.yml', '--gpus', '1', '--', 'sh']);
    expect(outcome.exitCode, outcome.stderr).toBe(106);
    expect(outcome.stderr).toContain('docker knows no GPU here');
  });

  it('are what a job is without saying so whose environment is an image, and are started and repeated as it wants them', async () => {
    await sandbox.write(
      'shared.yml',
      [
        `command: echo "$WORDS"; busybox df -m /dev/shm | busybox awk 'NR == 2 { print $2 }'`,
        'environment: tools',
        `resources: { shm_size: 96m, docker_args: '--env "WORDS=two words"' }`,
      ].join('\n'),
    );
    const outcome = await sandbox.run(['run', 'shared.yml']);
    expect([outcome.exitCode, outcome.stdout], outcome.stderr).toEqual([0, 'two words\n96\n']);
    const [first] = (await sandbox.json<{ items: RunRecord[] }>(['runs', 'list'])).items;
    const container = { engine: 'docker', gpus: null, shmSize: '96m', args: ['--env', 'WORDS=two words'] };
    expect(first).toMatchObject({ target: 'docker', container });
    expect((await sandbox.run(['runs', 'show', first?.id ?? ''])).stdout).toContain('docker --shm-size 96m --env');
    expect(await sandbox.run(['runs', 'replay', first?.id ?? ''])).toMatchObject({ stdout: outcome.stdout });
    const [again] = (await sandbox.json<{ items: RunRecord[] }>(['runs', 'list'])).items;
    expect(again).toMatchObject({ replayOf: first?.id, container });
  });

  it('are repeated also if their record is from before it told how they were started', async () => {
    const [run] = (await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1'])).items;
    const database = new DatabaseSync(join(sandbox.folder, '.terroir', 'workspace.db'));
    database.exec("UPDATE runs SET record = json_remove(record, '$.container')");
    database.close();
    const outcome = await sandbox.run(['runs', 'replay', run?.id ?? '']);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '\n64\n' });
    expect(outcome.stderr).toContain('does not tell which GPUs, shared memory and words');
  });

  it('learn that a driver is too old before an image is made or pulled', async () => {
    const index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
    try {
      await sandbox.write(
        'newer.yml',
        `name: newer\nimage: ${registry.host}/base:1\nrequirements: [grape]\nsystem_requirements: {cuda: "12.8"}\n`,
      );
      const words = ['run', '--env', 'newer.yml', '--target', 'docker', '--gpus', 'all', '--', 'sh'];
      const outcome = await sandbox.run(words, { env: { PIP_INDEX_URL: index.url, CONDA_OVERRIDE_CUDA: '12.4' } });
      expect(outcome.exitCode, outcome.stderr).toBe(105);
      expect(outcome.stderr).toContain('the lock needs a driver for CUDA 12.8, and this machine has 12.4');
      expect(outcome.stderr).not.toMatch(/Pulling|Writing/);
      expect(await sandbox.json(['env', 'show', 'newer'])).toMatchObject({ name: 'newer' });
    } finally {
      await index.close();
    }
  });

  it('are repeated in the same image, also when the registry of the base is gone', async () => {
    const first = await sandbox.run(['run', '--env', 'tools', '--', 'sh', '-c', 'echo once']);
    expect(first.stderr).not.toMatch(/Pulling/);
    const [run] = (await sandbox.json<{ items: RunRecord[] }>(['runs', 'list'])).items;
    await registry.stop();
    const again = await sandbox.run(['runs', 'replay', run?.id ?? '']);
    expect(again).toMatchObject({ exitCode: 0, stdout: 'once\n' });
  });

  it('end with their container when they are interrupted', async () => {
    const { child, outcome } = sandbox.start(['run', '--env', 'tools', '--', 'busybox', 'sleep', '600']);
    const containers = (): string =>
      execFileSync('docker', ['ps', '-aq'], {
        env: { PATH: process.env.PATH, DOCKER_HOST: daemon?.host },
        encoding: 'utf8',
      });
    while (containers() === '' && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGTERM');
    expect((await outcome).exitCode).not.toBe(0);
    expect(containers()).toBe('');
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/schema/index.ts';
import { type PostgresServer, startPostgres } from '../../kit/postgres.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry, startOwnRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';
import { startWorkerProcess } from '../../kit/worker-process.ts';

let postgres: PostgresServer;
let index: PypiIndex;
let bases: RegistryProcess;
let folder: string;
/** Larger than what the database takes. */
const weights = randomBytes(3 << 20);

beforeAll(async () => {
  postgres = await startPostgres();
  // One package is small, the other is not.
  index = await startPypiIndex([
    makeWheel({ name: 'grape', version: '1.0' }),
    makeWheel({ name: 'vine', version: '2.0', files: { 'vine/data.bin': weights } }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'terroir-without-folder-'));
  bases = await startDockerRegistry({ root: join(folder, 'bases') });
  await pushBase(`${bases.host}/base:1`);
}, 60_000);
afterAll(async () => {
  await bases.stop();
  await index.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

const kinds = {
  'Docker’s registry': async () => await startDockerRegistry({ root: join(folder, 'docker') }),
  'a registry of ours': async () => await startOwnRegistry(join(folder, 'own')),
};

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])(
  'machines that share a database and %s',
  { timeout: 120_000 },
  (kind) => {
    let registry: RegistryProcess;
    let shared: Record<string, string>;
    let machines: Sandbox[];
    /** The first of them; each test gets others besides as it likes. */
    let one: Sandbox;
    beforeAll(async () => {
      registry = await kinds[kind]();
      shared = {
        TERROIR_DATABASE: await postgres.createDatabase(),
        TERROIR_REGISTRY: `${registry.host}/team`,
      };
      machines = [];
      one = await machine();
      await one.write(
        'iris.yml',
        `name: iris\nimage: ${bases.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape, vine]\n`,
      );
      await one.write('own.yml', 'name: own\npython: {user_managed: true}\n');
      await one.json(['env', 'create', 'own.yml']);
      await one.json(['env', 'create', 'iris.yml']);
    });
    afterAll(async () => {
      for (const each of machines) await each.remove();
      await registry.stop();
    });
    const machine = async (env: Record<string, string> = shared): Promise<Sandbox> => {
      const made = await createSandbox({ index: index.url, env });
      machines.push(made);
      return made;
    };
    const filesOf = async ({ folder: project }: Sandbox): Promise<string[]> =>
      (await readdir(join(project, '.terroir'), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(project.length + '/.terroir/'.length));

    it('see what any of them registers, locks and builds', async () => {
      const built = await one.json<{ digest: string }>(['env', 'build', 'iris']);
      const two = await machine();
      const again = await two.json<{ digest: string }>(['env', 'build', 'iris']);
      expect(again).toMatchObject({ source: 'workspace', digest: built.digest });
      const { repository } = await two.json<{ repository: string }>(['env', 'image', 'iris']);
      const direct = await fetch(`${registry.url}/v2/team/${repository}/manifests/${again.digest}`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      expect(direct.status).toBe(200);
      expect(await two.json(['image', 'validate', `localhost/${repository}:1`])).toMatchObject({ valid: true });
      const copied = await two.run(['image', 'copy', `localhost/${repository}:1`, `oci:${join(folder, kind)}`]);
      expect(copied.exitCode).toBe(0);
      // Of images there is nothing in the folders.
      for (const each of [one, two])
        expect((await filesOf(each)).filter((name) => name.includes('repositories'))).toEqual([]);
      // What is in the base, the first machine has read for all.
      const three = await machine();
      const other = `image: ${bases.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`;
      await three.write('other.yml', other);
      const { stderr } = await three.run(['env', 'build', 'other.yml']);
      expect(stderr).toMatch(/Reading the base image for linux-64 \(cached/);
    });

    it('share what runs need and what they leave', async () => {
      const script = [
        'import os, pathlib, sys',
        'place = pathlib.Path("outputs/model"); place.mkdir(parents=True)',
        '(place / "weights.bin").write_bytes(open("weights.bin", "rb").read())',
        '(place / "note.txt").write_text("small")',
        'print("trained")',
      ].join('\n');
      await one.write('code/train.py', script);
      await one.write('code/weights.bin', weights);
      const served = await startServe(one, ['--runs', '0']);
      const two = await machine();
      const worker = await startWorkerProcess(two, ['--name', 'two']);
      try {
        const sent = await one.run(['run', '--env', 'own', '--', 'python3', 'train.py'], {
          cwd: join(one.folder, 'code'),
          env: { TERROIR_WORKSPACE: served.url },
        });
        expect(sent).toMatchObject({ exitCode: 0, stdout: 'trained\n' });
        const { items } = await one.json<{ items: RunRecord[] }>(['runs', 'list']);
        const run = items[0] as RunRecord;
        expect(run).toMatchObject({ status: 'Completed', worker: 'two', keptOutputs: { files: 2 } });
        // The worker has nothing of it any more, and another machine all.
        expect((await filesOf(two)).filter((name) => name.startsWith('runs/'))).toEqual([]);
        const three = await machine();
        expect((await three.run(['runs', 'logs', run.id])).stdout).toBe('trained\n');
        const words = ['model', 'register', '--run', run.id, '--name', 'net', '--path', 'outputs/model'];
        expect(await three.json(words)).toMatchObject({ name: 'net', version: '1', files: 2 });
        expect(await one.json(['model', 'show', 'net:1'])).toMatchObject({ run: run.id });
        // Also a repetition begins with what another machine kept.
        const replayed = await three.run(['runs', 'replay', run.id]);
        expect([replayed.exitCode, replayed.stdout]).toEqual([0, 'trained\n']);
      } finally {
        worker.child.kill('SIGTERM');
        await worker.outcome;
        await served.stop();
      }
    });

    it('repeat a run without any index, from what the workspace keeps', async () => {
      await one.write('here.yml', 'name: here\nrequirements: [grape, vine]\n');
      await one.json(['env', 'create', 'here.yml']);
      const code = 'import grape, vine; print("ripe")';
      const first = await one.run(['run', '--env', 'here', '--', 'python', '-c', code]);
      expect(first).toMatchObject({ exitCode: 0, stdout: 'ripe\n' });
      const { items } = await one.json<{ items: RunRecord[] }>(['runs', 'list']);
      const elsewhere = await machine({ ...shared, PIP_INDEX_URL: 'http://127.0.0.1:1/simple' });
      const again = await elsewhere.run(['runs', 'replay', items[0]?.id ?? '']);
      expect(again).toMatchObject({ exitCode: 0, stdout: 'ripe\n' });
    });

    it('lose nothing that a record names when garbage is collected', async () => {
      const before = await one.json<{ digest: string }>(['env', 'image', 'iris']);
      const removed = await one.json(['cache', 'gc', '--older-than', '0']);
      expect(removed).toMatchObject({ registry: { manifests: 0 } });
      const two = await machine({ ...shared, PIP_INDEX_URL: 'http://127.0.0.1:1/simple' });
      expect(await two.json(['env', 'build', 'iris'])).toMatchObject({ digest: before.digest, source: 'workspace' });
      const { items } = await two.json<{ items: RunRecord[] }>(['runs', 'list']);
      const run = items.find(({ status, lockDigest }) => status === 'Completed' && lockDigest !== null);
      expect(await two.run(['runs', 'replay', run?.id ?? ''])).toMatchObject({ exitCode: 0, stdout: 'ripe\n' });
      expect(await two.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
    });

    // The rest is the same whatever the registry is.
    if (kind !== 'Docker’s registry') return;

    it('share a key for secret values, and what was brought from a folder', async () => {
      const two = await machine();
      const hash = async (sandbox: Sandbox): Promise<unknown> => {
        await sandbox.write(
          'job.yml',
          'command: "true"\nenvironment: own:1\nenvironment_variables: {KEY: "secret:MINE"}\n',
        );
        await sandbox.run(['run', 'job.yml'], { env: { MINE: 'very-secret' } });
        const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
        return items[0]?.environmentVariables.KEY;
      };
      expect(await hash(one)).toEqual(await hash(two));
      const alone = await machine({});
      await alone.write('plum.yml', 'name: plum\nrequirements: [grape]\n');
      await alone.json(['env', 'create', 'plum.yml', '--lock']);
      const served = await startServe(two, ['--runs', '0']);
      const brought = await alone.run(['env', 'share', 'plum', served.url]);
      await served.stop();
      expect(brought.exitCode).toBe(0);
      expect(await one.json(['env', 'show', 'plum'])).toMatchObject({ name: 'plum', version: '1' });
      const back = await mkdtemp(join(folder, 'back-'));
      const target = await machine({ TERROIR_WORKSPACE: back });
      await target.json(['env', 'list']);
      const shareBack = await one.run(['env', 'share', 'iris', back]);
      expect([shareBack.exitCode, shareBack.stderr]).toEqual([0, expect.anything()]);
      expect(await target.json(['env', 'image', 'iris'])).toMatchObject({ source: 'workspace' });
    });

    it('are refused where database and registry do not belong together', async () => {
      const refused = async (env: Record<string, string>): Promise<string> => {
        const { exitCode, stderr } = await (await machine(env)).run(['env', 'list']);
        expect(exitCode).toBeGreaterThan(1);
        return stderr;
      };
      const { TERROIR_DATABASE = '', TERROIR_REGISTRY = '' } = shared;
      expect(await refused({ TERROIR_DATABASE })).toContain(`export TERROIR_REGISTRY=${TERROIR_REGISTRY}`);
      expect(await refused({ TERROIR_REGISTRY })).toContain('TERROIR_DATABASE is not');
      expect(await refused({ TERROIR_DATABASE, TERROIR_REGISTRY: 'no registry' })).toContain('which is no registry');
      const long = `${registry.host}/${'a'.repeat(200)}`;
      expect(await refused({ TERROIR_DATABASE, TERROIR_REGISTRY: long })).toContain('Use a shorter path: at most 200');
      expect(
        await refused({ TERROIR_DATABASE: await postgres.createDatabase(), TERROIR_REGISTRY: '127.0.0.1:1/x' }),
      ).toContain('the workspace’s registry `127.0.0.1:1/x` cannot be used');
      const other = `${registry.host}/other`;
      expect(await refused({ TERROIR_DATABASE, TERROIR_REGISTRY: other })).toContain(`are in \`${TERROIR_REGISTRY}\``);
      const empty = await postgres.createDatabase();
      expect(await refused({ TERROIR_DATABASE: empty, TERROIR_REGISTRY })).toContain('of another workspace');
      const withFolder = await postgres.createDatabase();
      await (await machine({ TERROIR_DATABASE: withFolder })).json(['env', 'list']);
      expect(await refused({ TERROIR_DATABASE: withFolder, TERROIR_REGISTRY: other })).toContain('are in a folder');
      const embedded = await machine({});
      await embedded.json(['env', 'list']);
      const mixed = await embedded.run(['env', 'list'], { env: shared });
      expect([mixed.exitCode, mixed.stderr]).toEqual([5, expect.stringContaining('in its own database')]);
    });

    it('keep what a script made when the registry is away, and say where it is', async () => {
      const two = await machine();
      const mark = join(two.folder, 'go-on');
      const script = [
        'import os, pathlib, time',
        'pathlib.Path("outputs").mkdir(exist_ok=True)',
        'pathlib.Path("outputs/big.bin").write_bytes(os.urandom(2 << 20))',
        'print("waiting", flush=True)',
        `while not os.path.exists("${mark}"): time.sleep(0.05)`,
      ].join('\n');
      await two.write('code/script.py', script);
      await two.write('job.yml', 'command: python3 script.py\ncode: code\nenvironment: own:1\n');
      const { child, outcome } = two.start(['run', 'job.yml']);
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('waiting')) resolve();
        });
      });
      await registry.stop();
      // It waits, for half an hour if need be, unless somebody does not want to.
      const waits = new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: Buffer) => {
          if (/the run \w+ waits: .*nobody listens/.test(chunk.toString())) resolve();
        });
      });
      await writeFile(mark, '');
      await waits;
      child.kill('SIGINT');
      expect((await outcome).exitCode).toBe(0);
      const { items } = await two.json<{ items: RunRecord[] }>(['runs', 'list']);
      expect(items[0]).toMatchObject({ status: 'Completed', keptOutputs: null });
      expect(items[0]?.notes.join()).toMatch(/its outputs are only on the machine that ran it, in `.*\/outputs`/);
      const built = await (await machine()).run(['env', 'build', 'iris', '--rebuild']);
      expect([built.exitCode, built.stderr]).toEqual([8, expect.stringContaining(registry.host)]);
    });
  },
);

it('a registry that has lost what it had is noticed by `doctor`', async () => {
  const registry = await startOwnRegistry(join(folder, 'before'));
  const env = { TERROIR_DATABASE: await postgres.createDatabase(), TERROIR_REGISTRY: `${registry.host}/team` };
  const machine = await createSandbox({ index: index.url, env });
  await machine.json(['env', 'list']);
  const workspace = async (): Promise<string | undefined> => {
    const { stdout } = await machine.run(['doctor']);
    return stdout.split('\n').find((line) => line.includes('workspace'));
  };
  expect(await workspace()).toContain(`large contents in ${registry.host}/team`);
  await registry.stop();
  const empty = await startOwnRegistry(join(folder, 'after'), Number(new URL(registry.url).port));
  expect(await workspace()).toContain('has lost the images and large contents that were there');
  await empty.stop();
  await machine.remove();
}, 60_000);

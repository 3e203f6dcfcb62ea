import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BuildRecord, RunRecord } from '../../../src/schema/index.ts';
import { type PostgresServer, startPostgres } from '../../kit/postgres.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';
import { startWorkerProcess, type WorkerProcess } from '../../kit/worker-process.ts';

let folder: string;
let registry: RegistryProcess;
let postgres: PostgresServer;
let index: PypiIndex;
let teams = 0;
beforeAll(async () => {
  postgres = await startPostgres();
  index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
  folder = await mkdtemp(join(tmpdir(), 'terroir-workers-'));
  registry = await startDockerRegistry({ root: join(folder, 'registry') });
  await pushBase(`${registry.host}/base:1`);
}, 60_000);
afterAll(async () => {
  await registry.stop();
  await index.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['SQLite', 'PostgreSQL', 'PostgreSQL and a registry'])(
  'workers with %s',
  { timeout: 120_000 },
  (kind) => {
    const isSpread = kind === 'PostgreSQL and a registry';
    let sandbox: Sandbox;
    /** Those of the workers, where each has a folder of its own. */
    let machines: Sandbox[];
    let served: Served;
    let workers: WorkerProcess[];
    beforeEach(async () => {
      sandbox = await createSandbox({ index: index.url });
      if (kind !== 'SQLite') sandbox.env.TERROIR_DATABASE = await postgres.createDatabase();
      if (isSpread) sandbox.env.TERROIR_REGISTRY = `${registry.host}/team-${(teams += 1)}`;
      machines = [];
      // It only takes things in.
      served = await startServe(sandbox, ['--runs', '0']);
      workers = [];
      await sandbox.write('own.yml', 'name: own\npython: {user_managed: true}\n');
      await sandbox.json(['env', 'create', 'own.yml']);
    });
    afterEach(async () => {
      for (const { child } of workers) child.kill('SIGKILL');
      await served.stop();
      for (const each of [sandbox, ...machines]) await each.remove();
    });

    const call = async <T>(what: string, body?: object): Promise<T> => {
      const [method, path] = what.split(' ');
      const answer = await fetch(`${served.url}/api/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      return JSON.parse(text) as T;
    };
    const submit = async (script: string, more: object = {}): Promise<RunRecord> =>
      await call<RunRecord>('POST /runs', { environment: 'own', command: ['python3', '-uc', script], ...more });
    const logOf = async (id: string): Promise<string> =>
      await (await fetch(`${served.url}/api/v1/runs/${id}/logs`)).text();
    const show = async (id: string): Promise<RunRecord> => await call<RunRecord>(`GET /runs/${id}`);
    const until = async (id: string, ...statuses: string[]): Promise<RunRecord> => {
      for (;;) {
        const record = await show(id);
        if (statuses.includes(record.status)) return record;
        await sleep(50);
      }
    };
    const ended = async (id: string): Promise<RunRecord> => await until(id, 'Completed', 'Failed', 'Canceled');
    const work = async (...args: string[]): Promise<WorkerProcess> => {
      const { TERROIR_DATABASE = '', TERROIR_REGISTRY = '' } = sandbox.env;
      const machine = isSpread
        ? await createSandbox({ index: index.url, env: { TERROIR_DATABASE, TERROIR_REGISTRY } })
        : sandbox;
      if (isSpread) machines.push(machine);
      const worker = await startWorkerProcess(machine, args);
      workers.push(worker);
      return worker;
    };

    it('do what waits, by priority and age, and are named in the records', async () => {
      const ids: string[] = [];
      for (const priority of [0, 0, 5]) ids.push((await submit('import os; print("done")', { priority })).id);
      expect((await show(ids[0] ?? '')).status).toBe('Queued');
      await work('--name', 'ada');
      const records = await Promise.all(ids.map(ended));
      expect(records.map(({ status, worker, compute }) => [status, worker, compute])).toEqual(
        ids.map(() => ['Completed', 'ada', null]),
      );
      const order = records.toSorted((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? ''));
      expect(order.map(({ id }) => id)).toEqual([ids[2], ids[0], ids[1]]);
    });

    it('are targets that jobs name', async () => {
      await work('--name', 'ada', '--only-named');
      expect((await call<{ items: object[] }>('GET /compute')).items).toContainEqual(
        expect.objectContaining({ name: 'ada', kind: 'worker', state: 'ready' }),
      );
      expect(
        (await sandbox.json<{ items: { name: string }[] }>(['compute', 'list'])).items.map(({ name }) => name),
      ).toEqual(['local', 'docker', 'ada']);
      const anybody = await submit('pass');
      const job = 'command: echo $((6 * 7))\nenvironment: azureml:own:1\ncompute: azureml:ada\n';
      const named = await call<RunRecord>('POST /runs', { job });
      expect(await ended(named.id)).toMatchObject({
        status: 'Completed',
        worker: 'ada',
        compute: 'ada',
        target: 'local',
      });
      expect((await show(anybody.id)).status).toBe('Queued');
      await sandbox.write('job.yml', 'command: pwd; exit 3\ncode: .\nenvironment: azureml:own:1\ncompute: ada\n');
      const sent = await sandbox.run(['run', 'job.yml']);
      expect([sent.exitCode, sent.stdout]).toEqual([3, expect.stringMatching(/runs\/\w+\/code\n/)]);
      const words = await sandbox.run([
        'run',
        '--env',
        'own',
        '--target',
        'ada',
        '--',
        'python3',
        '-c',
        'print(6 * 7)',
      ]);
      expect([words.exitCode, words.stdout]).toEqual([0, expect.stringContaining('42\n')]);
      const unknown = await sandbox.run(['run', 'job.yml', '--target', 'eve']);
      expect([unknown.exitCode, unknown.stderr]).toEqual([102, expect.stringContaining('compute list')]);
      await expect(submit('pass', { compute: 'eve' })).rejects.toThrow(
        /there is no target `eve`.*The targets are `local`, `docker`, `ada`; a worker is one while it is at work/,
      );
      const second = await sandbox.run(['worker', '--name', 'ada']);
      expect([second.exitCode, second.stderr]).toEqual([5, expect.stringContaining('a worker named `ada` is at work')]);
    });

    it('lose nothing when they are killed, and hand over what goes on when they stop', async () => {
      const script =
        'import os, time; print("begun", flush=True); time.sleep(0 if os.path.exists(os.environ["DONE"]) else 60); print("end")';
      const mark = join(sandbox.folder, 'done');
      const run = await submit(script, { variables: { DONE: mark } });
      const first = await work('--name', 'first');
      const begun = async (times: number): Promise<void> => {
        while ((await logOf(run.id)).split('begun').length <= times) await sleep(50);
      };
      await begun(1);
      first.child.kill('SIGKILL');
      await first.outcome;
      const second = await work('--name', 'second');
      await begun(2);
      expect(await show(run.id)).toMatchObject({ status: 'Running', worker: 'second' });
      second.child.kill('SIGTERM');
      await second.outcome;
      expect(await show(run.id)).toMatchObject({ status: 'Queued', worker: null, startedAt: null });
      await sandbox.write('done', '');
      await work('--name', 'third');
      const record = await ended(run.id);
      expect(record).toMatchObject({ status: 'Completed', worker: 'third', exitCode: 0 });
      expect(record.notes).toContainEqual('began anew: the worker before stopped');
      expect(await logOf(run.id)).toMatch(/begun\nbegun\nbegun\nend\n$/);
    });

    it('end what is cancelled, also what still waits', async () => {
      const waiting = await submit('pass');
      await call(`POST /runs/${waiting.id}/cancel`);
      expect(await show(waiting.id)).toMatchObject({ status: 'Canceled', startedAt: null });
      const going = await submit('import time; time.sleep(60)');
      await work();
      await until(going.id, 'Running');
      await call(`POST /runs/${going.id}/cancel`);
      expect(await ended(going.id)).toMatchObject({ status: 'Canceled' });
    });

    it('keep secrets only for as long as they wait, and not as they are', async () => {
      const script = 'import os, sys; print(os.environ["KEY"], sys.argv[2])';
      const command = ['python3', '-uc', script, '--password', 'also-very-secret'];
      const run = await submit(script, {
        command,
        variables: { KEY: 'secret:MINE' },
        secrets: { MINE: 'very-secret' },
      });
      const database = await sandbox.run(['backup', join(sandbox.folder, 'copy.tar')]);
      if (isSpread) expect(database).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('pg_dump') });
      else expect((await readFile(join(sandbox.folder, 'copy.tar'))).includes('very-secret')).toBe(false);
      await work();
      expect(await ended(run.id)).toMatchObject({ status: 'Completed' });
      expect(await logOf(run.id)).toBe('very-secret also-very-secret\n');
    });

    it('build once, whoever asks and however many they are', async () => {
      await sandbox.write(
        'iris.yml',
        `name: iris\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`,
      );
      await sandbox.json(['env', 'create', 'iris.yml']);
      const ask = async (): Promise<BuildRecord> => await call<BuildRecord>('POST /builds', { environment: 'iris' });
      const asked = await Promise.all(Array.from({ length: 20 }, ask));
      expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
      const id = asked[0]?.id ?? '';
      const events = fetch(`${served.url}/api/v1/builds/${id}/events`).then(async (answer) => await answer.text());
      await Promise.all([work('--name', 'ada'), work('--name', 'eve')]);
      const text = await events;
      expect(text).toContain('"title":"Composing the image for linux-64"');
      expect(text).toMatch(/event: end\ndata: {"status":"Completed","error":null}\n\n$/);
      const build = await call<BuildRecord>(`GET /builds/${id}`);
      expect(build).toMatchObject({
        status: 'Completed',
        attempts: 1,
        worker: expect.stringMatching(/ada|eve/),
        images: [{ platform: 'linux-64', revision: 1, source: 'built', digest: expect.stringMatching(/^sha256:/) }],
      });
      const position = /^id: (\d+)$/m.exec(text)?.[1] ?? '';
      const rest = await fetch(`${served.url}/api/v1/builds/${id}/events`, { headers: { 'last-event-id': position } });
      expect(await rest.text()).toBe(text.slice(text.indexOf('\n\n') + 2));
      const again = await call<{ items: object[] }>('POST /environments/iris/versions/1/images', {});
      expect(again.items).toMatchObject([{ source: 'workspace', revision: 1 }]);
      expect(
        (await call<{ items: BuildRecord[] }>('GET /builds?environment=iris')).items.map((each) => each.id),
      ).toEqual([expect.not.stringMatching(id), id]);
    });

    it('build once what 200 ask for at once, under whatever name, while four are at work', async () => {
      const names = Array.from({ length: 8 }, (_, at) => `iris-${at}`);
      const definition = {
        text: `image: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`,
      };
      for (const name of names) await call('POST /environments', { name, definition });
      await Promise.all(['ada', 'eve', 'kim', 'lee'].map(async (name) => await work('--name', name)));
      const asked = await Promise.all(
        Array.from({ length: 200 }, async (_, at) =>
          at % 2 === 0
            ? await call<BuildRecord>('POST /builds', { environment: names[at % 8] })
            : (await call<{ items: object[] }>(`POST /environments/${names[at % 8]}/versions/1/images`, {})).items[0],
        ),
      );
      expect(asked).toHaveLength(200);
      const page = await call<{ items: BuildRecord[] }>('GET /builds?limit=1000');
      const builds = await Promise.all(
        page.items.map(async ({ id }) => {
          for (;;) {
            const build = await call<BuildRecord>(`GET /builds/${id}`);
            if (build.endedAt !== null) return build;
            await sleep(50);
          }
        }),
      );
      expect(new Set(builds.map(({ status }) => status))).toEqual(new Set(['Completed']));
      const images = builds.flatMap((build) => build.images ?? []);
      expect(images.filter(({ source }) => source === 'built')).toHaveLength(1);
      expect(new Set(images.map(({ digest, revision }) => `${revision} ${digest}`)).size).toBe(1);
      const listed = await call<{ items: object[] }>('GET /environments/iris-0/versions/1/images');
      expect(listed.items).toHaveLength(1);
    });

    it('say why a build fails, and build nothing that was cancelled', async () => {
      await sandbox.write('lost.yml', `name: lost\nimage: ${registry.host}/none:1\nrequirements: [absent]\n`);
      await sandbox.json(['env', 'create', 'lost.yml']);
      const cancelled = await call<BuildRecord>('POST /builds', { environment: 'lost' });
      await call(`POST /builds/${cancelled.id}/cancel`);
      const failing = await call<BuildRecord>('POST /builds', { environment: 'lost' });
      expect(failing.id).not.toBe(cancelled.id);
      await work();
      const events = await fetch(`${served.url}/api/v1/builds/${failing.id}/events`);
      expect(await events.text()).toContain('"status":"Failed"');
      expect(await call<BuildRecord>(`GET /builds/${failing.id}`)).toMatchObject({
        status: 'Failed',
        error: { code: expect.any(String), message: expect.stringContaining('none') },
      });
      expect(await call<BuildRecord>(`GET /builds/${cancelled.id}`)).toMatchObject({ status: 'Canceled', attempts: 0 });
      await expect(call('GET /builds/none')).rejects.toThrow('BUILD_NOT_FOUND');
    });
  },
);

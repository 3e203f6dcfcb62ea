import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildRecord, RunRecord } from '../../../src/schema/index.ts';
import { type PostgresServer, startPostgres } from '../../kit/postgres.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';
import { startWorkerProcess, type WorkerProcess } from '../../kit/worker-process.ts';

describe('a database that is killed under a server and its workers', { timeout: 180_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let postgres: PostgresServer;
  let index: PypiIndex;
  let sandbox: Sandbox;
  let served: Served;
  let worker: WorkerProcess;
  beforeAll(async () => {
    postgres = await startPostgres({ durable: true });
    folder = await mkdtemp(join(tmpdir(), 'terroir-outage-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushBase(`${registry.host}/base:1`);
    index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
    sandbox = await createSandbox({ index: index.url, env: { TERROIR_DATABASE: await postgres.createDatabase() } });
    served = await startServe(sandbox, ['--runs', '1']);
    worker = await startWorkerProcess(sandbox, ['--name', 'ada', '--parallel', '4']);
    await call('POST /environments', { definition: { text: 'name: own\npython: {user_managed: true}\n' } });
  }, 60_000);
  afterAll(async () => {
    worker.child.kill('SIGKILL');
    await served.stop();
    await sandbox.remove();
    await index.close();
    await registry.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  interface Answer {
    status: number;
    // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they like
    body: any;
  }
  const call = async (what: string, body?: object): Promise<Answer> => {
    const [method, path] = what.split(' ');
    const answer = await fetch(`${served.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const submit = async (script: string): Promise<RunRecord> =>
    (await call('POST /runs', { environment: 'own', command: ['python3', '-uc', script] })).body as RunRecord;
  const ended = async <T extends RunRecord | BuildRecord>(path: string): Promise<T> => {
    for (;;) {
      const { status, body } = await call(`GET ${path}`);
      if (status === 200 && ['Completed', 'Failed', 'Canceled'].includes((body as T).status)) return body as T;
      await sleep(100);
    }
  };
  const logOf = async (id: string): Promise<string> =>
    await readFile(join(sandbox.folder, '.terroir', 'runs', id, 'logs', 'output.log'), 'utf8').catch(() => '');

  it('loses no run: those that go on end as if nothing had been, the others begin', async () => {
    const script = 'import time; print("begun"); time.sleep(4); print("end")';
    const going = await Promise.all(Array.from({ length: 4 }, () => submit(script)));
    while ((await Promise.all(going.map(({ id }) => logOf(id)))).some((text) => !text.includes('begun')))
      await sleep(50);
    const waiting = await Promise.all(Array.from({ length: 4 }, () => submit('print("begun"); print("end")')));
    await postgres.kill();
    for (const [what, body] of [
      ['GET /environments'],
      ['POST /environments', { definition: { text: 'name: lost\npython: {user_managed: true}\n' } }],
      ['POST /runs', { environment: 'own', command: ['true'] }],
    ] as const) {
      const answer = await call(what, body);
      expect([answer.status, answer.body.code]).toEqual([502, 'UNREACHABLE']);
      // Where it is, is nobody's business.
      expect(JSON.stringify(answer.body)).not.toMatch(/postgres|127\.0\.0\.1/);
    }
    expect((await fetch(`${served.url}/v2/`)).status).toBe(503);
    expect((await fetch(`${served.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    while ((await Promise.all(going.map(({ id }) => logOf(id)))).some((text) => !text.includes('end'))) await sleep(50);
    await postgres.start();
    for (const { id } of [...going, ...waiting]) {
      const run = await ended<RunRecord>(`/runs/${id}`);
      expect(run).toMatchObject({ status: 'Completed', exitCode: 0 });
      // One that was being taken when the database went begins anew, which its record says.
      if (going.some((each) => each.id === id)) expect(run.notes).toEqual([]);
      expect(await logOf(id)).toBe('begun\nend\n');
    }
    expect((await call('GET /environments/lost')).status).toBe(404);
    expect((await fetch(`${served.url}/readyz`)).status).toBe(200);
  });

  it('lets what is built be built, whenever that happens', async () => {
    for (const round of [1, 2, 3]) {
      const text = `name: built-${round}\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\nenvironment_variables: {A: "${round}"}\ndocker_steps: ["ENV ROUND=${round}"]\n`;
      await call('POST /environments', { definition: { text } });
      const build = (await call('POST /builds', { environment: `built-${round}` })).body as BuildRecord;
      await sleep(round * 400);
      await postgres.kill();
      await sleep(500);
      await postgres.start();
      const record = await ended<BuildRecord>(`/builds/${build.id}`);
      expect(record, JSON.stringify(record)).toMatchObject({ status: 'Completed', images: [{ revision: 1 }] });
    }
    expect(await sandbox.json(['audit', 'verify'])).toMatchObject({ entries: expect.any(Number) });
  });
});

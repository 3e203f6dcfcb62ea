import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followLogs } from '../../../src/app/index.ts';
import type { RunRecord } from '../../../src/schema/index.ts';
import { type PostgresServer, startPostgres } from '../../kit/postgres.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';
import { makeWheel } from '../../kit/wheel.ts';

const v1 = '/api/v1';

describe('a server whose database has the logs', () => {
  let folder: string;
  let postgres: PostgresServer;
  let registry: RegistryProcess;
  let index: PypiIndex;
  let server: TestServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-shared-logs-'));
    postgres = await startPostgres({ durable: true });
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushBase(`${registry.host}/base:1`);
    index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
    server = await createTestServer({
      env: {
        PIP_INDEX_URL: index.url,
        TERROIR_DATABASE: await postgres.createDatabase(),
        TERROIR_REGISTRY: `${registry.host}/team`,
      },
    });
    await create('name: own\npython: {user_managed: true}\n');
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await index.close();
    await registry.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const create = async (text: string) =>
    await server.call(`POST ${v1}/environments`, { body: { definition: { text } } });
  const submit = async (script: string): Promise<string> => {
    const command = ['python3', '-uc', script];
    return (await server.call(`POST ${v1}/runs`, { body: { environment: 'own', command } })).body.id;
  };
  const ended = async (id: string): Promise<RunRecord> => {
    for (;;) {
      const { body } = await server.call(`GET ${v1}/runs/${id}`);
      if (['Completed', 'Failed', 'Canceled'].includes(body.status)) return body as RunRecord;
      await sleep(50);
    }
  };
  /** The events of a log as they come, with the time of each. */
  const events = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}${v1}${path}/events`, { headers });
    const found: { id: string; type: string; data: { text?: string; status?: string }; time: number }[] = [];
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (text + chunk).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts.filter((each) => !each.startsWith(':'))) {
        const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
        found.push({ id: fields.id, type: fields.event, data: JSON.parse(fields.data), time: Date.now() });
      }
    }
    return found;
  };

  const clock = 'import time\nfor _ in range(8):\n  time.sleep(.37)\n  print(f"{time.time() * 1000:.0f}")\n';
  const delaysOf = (seen: readonly { text: string; time: number }[]): number[] =>
    seen.flatMap(({ text, time }) =>
      text
        .trim()
        .split('\n')
        .map((line) => time - Number(line)),
    );

  it('shows a line soon after it was printed, to whoever follows', { timeout: 30_000 }, async () => {
    const id = await submit(clock);
    const seen: { text: string; time: number }[] = [];
    const [found] = await Promise.all([
      events(`/runs/${id}`),
      followLogs(server.app, id, {
        follow: true,
        write: async (chunk) => void seen.push({ text: Buffer.from(chunk).toString(), time: Date.now() }),
      }),
    ]);
    expect(found.at(-1)).toMatchObject({ type: 'end', data: { status: 'Completed' } });
    const lines = found.slice(0, -1).map(({ data, time }) => ({ text: data.text ?? '', time }));
    for (const delays of [delaysOf(lines), delaysOf(seen)]) {
      expect(delays).toHaveLength(8);
      // With a machine that has other things to do.
      expect(Math.max(...delays), String(delays)).toBeLessThan(1500);
      expect(delays.toSorted((a, b) => a - b)[3], String(delays)).toBeLessThan(600);
    }
    expect(existsSync(join(server.app.workspaceFolder, 'runs', id, 'logs'))).toBe(false);
  });

  it('goes on from the last event that somebody saw, and gives any part', async () => {
    const id = await submit('print("Wein " * 3); print("größer")');
    await ended(id);
    const text = `${'Wein '.repeat(3)}\ngrößer\n`;
    const [first] = await events(`/runs/${id}`);
    expect(first).toMatchObject({ id: String(Buffer.byteLength(text)), data: { text } });
    const [rest] = await events(`/runs/${id}`, { 'last-event-id': '16' });
    expect(rest).toMatchObject({ id: String(Buffer.byteLength(text)), data: { text: 'größer\n' } });
    const part = await server.call(`GET ${v1}/runs/${id}/logs?from=5&limit=4`);
    expect([part.text, part.headers.get('log-size')]).toEqual(['Wein', String(Buffer.byteLength(text))]);
    expect((await server.call(`GET ${v1}/runs/${id}/logs?from=16`)).text).toBe('größer\n');
  });

  it('tells what a build does, all of it before it has ended', async () => {
    await create(`name: built\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`);
    const { body } = await server.call(`POST ${v1}/builds`, { body: { environment: 'built' } });
    const live = await events(`/builds/${body.id}`);
    expect(live.at(-1)).toMatchObject({ type: 'end', data: { status: 'Completed' } });
    expect(live.length).toBeGreaterThan(3);
    const later = await events(`/builds/${body.id}`);
    expect(later.map(({ id, data }) => ({ id, data }))).toEqual(live.map(({ id, data }) => ({ id, data })));
    expect(await readdir(server.app.workspaceFolder)).not.toContain('builds');
  });

  it('loses no line of a run while the database is away', { timeout: 60_000 }, async () => {
    const id = await submit('import time\nfor each in range(60):\n  print(each)\n  time.sleep(.05)\n');
    const logs = async (): Promise<string> => (await server.call(`GET ${v1}/runs/${id}/logs`)).text;
    while (!(await logs()).includes('5\n')) await sleep(50);
    await postgres.kill();
    await sleep(1000);
    await postgres.start();
    const record = await ended(id);
    expect(record).toMatchObject({ status: 'Completed', notes: [] });
    expect(await logs()).toBe(Array.from({ length: 60 }, (_, index) => `${index}\n`).join(''));
  });

  it('says of a run whose log somebody else went on with that it is incomplete', async () => {
    const id = await submit('import time; print("begun"); time.sleep(2); print("end")');
    const { logs } = await server.app.openWorkspace();
    const name = { kind: 'run', id } as const;
    while ((await logs.read(name, { from: 0, limit: 1 })).size === 0) await sleep(20);
    const other = await logs.open(name);
    const record = await ended(id);
    expect(record).toMatchObject({
      status: 'Completed',
      notes: [`the log is incomplete: somebody else goes on with the log run/${id}`],
    });
    await other.close();
    expect((await logs.read(name, { from: 0, limit: 100 })).bytes.toString()).toBe('begun\n');
  });
});

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunRecord } from '../../../src/schema/index.ts';
import * as rest from '../../../src/schema/rest/index.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';
import { makeWheel } from '../../kit/wheel.ts';

const v1 = '/api/v1';

describe('runs over HTTP', () => {
  let index: PypiIndex;
  let server: TestServer;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0' }),
      makeWheel({ name: 'alpha', version: '2.0' }),
    ]);
    server = await createTestServer({
      env: { PIP_INDEX_URL: index.url, INDEX_PASSWORD: 'hush-hush' },
      limits: { runs: 2, waitingRuns: 3 },
    });
    await create('name: own\npython: {user_managed: true}\n');
    await create('name: packed\nrequirements: [alpha<2]\n');
  });
  afterAll(async () => {
    await server.close();
    await index.close();
  });

  const create = async (text: string) =>
    await server.call(`POST ${v1}/environments`, { body: { definition: { text } } });
  const submit = async (body: object, headers: Record<string, string> = {}) =>
    await server.call(`POST ${v1}/runs`, { body, headers });
  const python = (script: string, more: object = {}) =>
    submit({ environment: 'own', command: ['python3', '-c', script], ...more });
  const ended = async (id: string): Promise<RunRecord> => {
    for (;;) {
      const { body } = await server.call(`GET ${v1}/runs/${id}`);
      if (['Completed', 'Failed', 'Canceled'].includes(body.status)) return body as RunRecord;
      await sleep(50);
    }
  };
  const logOf = async (id: string): Promise<string> => (await server.call(`GET ${v1}/runs/${id}/logs`)).text;

  it('are accepted at once, and run to their end', async () => {
    const { status, body, headers } = await python('print("hello"); raise SystemExit(3)', { tags: { a: 'b' } });
    expect([status, body.status, headers.get('location')]).toEqual([202, 'Queued', `/api/v1/runs/${body.id}`]);
    expect(RunRecord.parse(body)).toEqual(body);
    const record = await ended(body.id);
    expect(record).toMatchObject({ status: 'Failed', exitCode: 3, tags: { a: 'b' }, createdBy: 'ada' });
    expect(await logOf(body.id)).toBe('hello\n');
    const listed = await server.call(`GET ${v1}/runs?status=Failed&environment=own`);
    expect(rest.RunPage.parse(listed.body).items.map(({ id }) => id)).toEqual([body.id]);
  });

  it('are preceded by a look at what a definition would be locked to', async () => {
    const preview = async (text: string, against?: string) =>
      await server.call(`POST ${v1}/preview`, { body: { definition: { text }, against } });
    await create('name: tried\nrequirements: [alpha==1.0]\n');
    await server.call(`POST ${v1}/environments/tried/versions/1/locks/linux-64`);
    const { body } = await preview('requirements: [alpha==2]\n', 'tried:1');
    expect(body).toMatchObject({
      platform: 'linux-64',
      packages: 1,
      diff: { added: [], removed: [], changed: [{ name: 'alpha', from: '1.0', to: '2.0', direction: 'up' }] },
    });
    expect((await preview('requirements: [alpha]\n')).body).toMatchObject({ packages: 1, diff: null });
    expect((await preview('requirements: [absent==1]\n')).body).toMatchObject({ code: 'UNSOLVABLE' });
  });

  it('give a part of their log, and say how long it is', async () => {
    const { body } = await python('print("0123456789", end="")');
    await ended(body.id);
    const part = async (query: string): Promise<[string, string | null]> => {
      const { text, headers } = await server.call(`GET ${v1}/runs/${body.id}/logs?${query}`);
      return [text, headers.get('log-size')];
    };
    expect(await part('from=3&limit=4')).toEqual(['3456', '10']);
    expect(await part('from=8&limit=4')).toEqual(['89', '10']);
    expect(await part('from=11&limit=4')).toEqual(['', '10']);
    expect(await part('limit=0')).toEqual(['', '10']);
    expect(await part('from=3')).toEqual(['3456789', null]);
  });

  it('run code that was sent, in a copy', async () => {
    const code = {
      'train.py': { text: 'import lib.tool; print(lib.tool.word); open("outputs/model", "w").write("m")' },
      'lib/__init__.py': { text: '' },
      'lib/tool.py': { text: 'word = "sent"' },
    };
    const job = 'command: python3 train.py ${{inputs.n}}\ncode: ./src\nenvironment: azureml:own:1\ninputs: {n: 5}\n';
    const { body } = await submit({ job, code, inputs: { n: '7' } });
    const record = await ended(body.id);
    expect(record).toMatchObject({ status: 'Completed', executed: ['python3 train.py 7'], snapshot: { files: 3 } });
    expect(await logOf(body.id)).toBe('sent\n');
    const model = await server.call(`POST ${v1}/models`, {
      body: { run: body.id, name: 'm', path: 'outputs/model' },
    });
    expect([model.status, model.body.version]).toEqual([201, '1']);
    const shown = await server.call(`GET ${v1}/models/m/versions/1`);
    expect(rest.ShownModel.parse(shown.body)).toMatchObject({ run: body.id, environment: { name: 'own' } });
    expect((await server.call(`GET ${v1}/models?name=m`)).body.items).toHaveLength(1);
    expect((await server.call(`GET ${v1}/models/nothing`)).body.code).toBe('MODEL_NOT_FOUND');
    const replay = await server.call(`POST ${v1}/runs/${body.id}/replay`);
    expect(replay.status).toBe(202);
    expect(await ended(replay.body.id)).toMatchObject({ replayOf: body.id, snapshot: record.snapshot });
  });

  it.each<[string, object, number, string]>([
    ['nothing to run', {}, 400, 'USAGE'],
    ['a job and a command', { job: 'command: ls\nenvironment: own\n', command: ['ls'] }, 400, 'USAGE'],
    ['code that was not sent', { job: 'command: ls\ncode: .\nenvironment: own\n' }, 422, 'INVALID_JOB'],
    [
      'an input of this machine',
      { job: 'command: ls\nenvironment: own\ninputs: {x: {type: uri_file, path: /etc/passwd}}\n' },
      422,
      'UNSUPPORTED_FEATURE',
    ],
    [
      'an output of this machine',
      { job: 'command: ls\nenvironment: own\noutputs: {x: {type: uri_folder, path: /srv}}\n' },
      422,
      'UNSUPPORTED_FEATURE',
    ],
    ['an environment file', { job: 'command: ls\nenvironment: ./env.yml\n' }, 422, 'UNSUPPORTED_FEATURE'],
    [
      'a file of an inline environment',
      { job: 'command: ls\nenvironment: {requirements: /etc/passwd}\n' },
      422,
      'INVALID_DEFINITION',
    ],
    ['a key of a folder', { environment: 'own', command: ['ls'], code: { '.env': { text: 'A=1' } } }, 400, 'USAGE'],
    [
      'code that climbs',
      { environment: 'own', command: ['ls'], code: { '../x': { text: '' } } },
      422,
      'HOSTILE_ARCHIVE',
    ],
    ['code with a root', { environment: 'own', command: ['ls'], code: { '/x': { text: '' } } }, 422, 'HOSTILE_ARCHIVE'],
    ['a link out', { environment: 'own', command: ['ls'], code: { x: { link: '/etc' } } }, 422, 'HOSTILE_ARCHIVE'],
    ['a link up', { environment: 'own', command: ['ls'], code: { x: { link: '../../y' } } }, 422, 'HOSTILE_ARCHIVE'],
    ['no such environment', { environment: 'none', command: ['ls'] }, 404, 'ENVIRONMENT_NOT_FOUND'],
    ['an odd variable', { environment: 'own', command: ['ls'], variables: { 'A B': '1' } }, 400, 'USAGE'],
  ])('refuse %s', async (_title, body, status, code) => {
    const before = (await server.call(`GET ${v1}/runs?limit=1000`)).body.items.length;
    const answer = await submit(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await server.call(`GET ${v1}/runs?limit=1000`)).body.items).toHaveLength(before);
  });

  it('see no variable of the server, and secrets only as what was sent', async () => {
    const script = 'import os; print(os.environ.get("INDEX_PASSWORD"), os.environ.get("KEY"), os.environ["PLAIN"])';
    const given = { variables: { KEY: 'secret:MINE', PLAIN: 'x' }, secrets: { MINE: 'very-secret' } };
    const { body } = await python(script, given);
    const record = await ended(body.id);
    expect(await logOf(body.id)).toBe('None very-secret x\n');
    expect(JSON.stringify(record)).not.toContain('very-secret');
    expect(record.environmentVariables.KEY).toMatchObject({ from: 'MINE' });
    const stolen = await python(script, { variables: { PLAIN: 'secret:INDEX_PASSWORD' } });
    expect([stolen.status, stolen.body.code]).toEqual([400, 'USAGE']);
    expect(server.log.join('')).not.toContain('very-secret');
  });

  it('have the secrets of their commands, and show marks for them', async () => {
    const token = `hf_${'aB3d'.repeat(8)}`;
    const words = ['python3', '-c', 'import sys; print(sys.argv[2])', '--token', token];
    const { body } = await submit({ environment: 'own', command: words });
    expect(body.command.at(-1)).toMatch(/^\(secret, [0-9a-f]{16}\)$/);
    const record = await ended(body.id);
    expect(await logOf(body.id)).toBe(`${token}\n`);
    expect(JSON.stringify(record)).not.toContain(token);
    expect(record.notes.join()).toContain('looks like a secret');
    const replay = async (secrets?: object) =>
      await server.call(`POST ${v1}/runs/${body.id}/replay`, { body: { secrets } });
    const refused = await replay();
    expect([refused.status, refused.body.code, refused.text]).toEqual([
      400,
      'USAGE',
      expect.stringContaining('after `--token` in its command'),
    ]);
    const again = await replay({ ANY: token });
    expect((await ended(again.body.id)).command).toEqual(record.command);
    expect(await logOf(again.body.id)).toBe(`${token}\n`);
  });

  it('are one run, sent twice with the same key', async () => {
    const body = { environment: 'own', command: ['python3', '-c', 'pass'] };
    const key = { 'idempotency-key': 'k 1' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => submit(body, key)));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    const other = await submit({ ...body, tags: { x: 'y' } }, key);
    expect([other.status, other.body.code]).toEqual([409, 'ALREADY_EXISTS']);
    const failed = await submit({ ...body, environment: 'none' }, { 'idempotency-key': 'k 2' });
    expect(failed.status).toBe(404);
    const after = await submit(body, { 'idempotency-key': 'k 2' });
    expect(after.status).toBe(202);
    for (const id of [after.body.id, answers[0]?.body.id]) await ended(id);
  });

  it('wait for their turn, are refused when too many wait, and are cancelled', async () => {
    const runs = [];
    for (let count = 0; count < 5; count += 1)
      runs.push((await python('import time; time.sleep(60)')).body.id as string);
    for (const id of runs.slice(0, 2)) while ((await show(id)).status !== 'Running') await sleep(50);
    expect(await Promise.all(runs.slice(2).map(async (id) => (await show(id)).status))).toEqual(
      Array.from({ length: 3 }, () => 'Queued'),
    );
    const refused = await python('pass');
    expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
    expect((await server.call('GET /metrics')).text).toContain('terroir_tasks_waiting 3');
    for (const id of [...runs].reverse()) expect((await server.call(`POST ${v1}/runs/${id}/cancel`)).status).toBe(202);
    for (const id of runs) expect(await ended(id)).toMatchObject({ status: 'Canceled' });
    expect((await server.call(`POST ${v1}/runs/${runs[0]}/cancel`)).body.code).toBe('FINISHED');
  });

  const show = async (id: string): Promise<RunRecord> => (await server.call(`GET ${v1}/runs/${id}`)).body as RunRecord;

  interface SentEvent {
    id: string | undefined;
    event: string;
    data: { text?: string; status?: string };
  }
  /** Reads events until the end, or until `enough` says so. */
  const events = async (
    id: string,
    { from, enough = () => false }: { from?: string; enough?: (all: SentEvent[]) => boolean } = {},
  ): Promise<SentEvent[]> => {
    const headers = from === undefined ? undefined : { 'last-event-id': from };
    const stop = new AbortController();
    const answer = await fetch(`${server.url}${v1}/runs/${id}/events`, { headers, signal: stop.signal });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const all: SentEvent[] = [];
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        all.push({ id: fields.id, event: fields.event ?? '', data: JSON.parse(fields.data ?? '{}') as never });
        text = text.slice(end + 2);
      }
      if (enough(all)) break;
    }
    stop.abort();
    return all;
  };

  it('tell what they print as it comes, and go on where a reader was cut off', async () => {
    const script = `
import sys, time
for n in range(30):
    sys.stdout.buffer.write("zeile ä€🙂 {}\\r\\n".format(n).encode()[:20]); sys.stdout.flush(); time.sleep(0.03)
    sys.stdout.buffer.write("zeile ä€🙂 {}\\r\\n".format(n).encode()[20:]); sys.stdout.flush(); time.sleep(0.01)
`;
    const { body } = await python(script);
    const first = await events(body.id, { enough: (all) => all.filter(({ event }) => event === 'log').length >= 3 });
    expect(first.every(({ event }) => event === 'log')).toBe(true);
    const rest = await events(body.id, { from: first.at(-1)?.id });
    expect(rest.at(-1)).toMatchObject({ event: 'end', data: { status: 'Completed', exitCode: 0 } });
    const text = [...first, ...rest].map(({ data }) => data.text ?? '').join('');
    const expected = Array.from({ length: 30 }, (_, n) => `zeile ä€🙂 ${n}\r\n`).join('');
    expect(text).toBe(expected);
    expect((await server.call(`GET ${v1}/runs/${body.id}/logs?from=6`)).text).toBe(expected.slice(6));
    for (const from of ['x', '-1', '1e3'])
      expect(
        (await server.call(`GET ${v1}/runs/${body.id}/events`, { headers: { 'last-event-id': from } })).status,
      ).toBe(400);
  });

  it('have locks that are made when they are asked for, and exported', async () => {
    const path = `${v1}/environments/packed/versions/1/locks`;
    const none = await server.call(`GET ${path}/linux-64`);
    expect([none.status, none.body.code]).toEqual([404, 'LOCK_NOT_FOUND']);
    const made = await server.call(`POST ${path}/linux-64`);
    expect(rest.LockAnswer.parse(made.body)).toMatchObject({ outcome: 'resolved', revision: 1 });
    expect((await server.call(`GET ${path}/linux-64?revision=1`)).body.lock).toEqual(made.body.lock);
    expect((await server.call(`GET ${path}`)).body.items).toMatchObject([{ platform: 'linux-64', packages: 1 }]);
    expect((await server.call(`GET ${path}/linux-64/export?format=requirements`)).text).toContain('alpha==1.0');
    const relocked = await server.call(`POST ${path}/linux-64`, { body: { relock: true, dryRun: true } });
    expect(relocked.body).toMatchObject({ outcome: 'dry-run', revision: null, diff: { changed: [] } });
    expect((await server.call(`GET ${path}/sun-64`)).status).toBe(400);
    expect((await server.call(`POST ${path}/linux-64`, { body: { dryRun: true } })).status).toBe(400);
  });

  it('run in an environment with packages', async () => {
    const { body } = await submit({
      environment: 'packed',
      command: ['python', '-c', 'import alpha; print(alpha.__version__)'],
    });
    const record = await ended(body.id);
    expect([record.status, record.error]).toEqual(['Completed', null]);
    expect(await logOf(body.id)).toBe('1.0\n');
    expect(record.lockDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('wait for the next server when theirs stops', async () => {
    const other = await createTestServer();
    await other.call(`POST ${v1}/environments`, {
      body: { definition: { text: 'name: own\npython: {user_managed: true}\n' } },
    });
    const command = ['python3', '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'];
    const { body } = await other.call(`POST ${v1}/runs`, { body: { environment: 'own', command } });
    const watcher = fetch(`${other.url}${v1}/runs/${body.id}/events`).then((answer) => answer.text());
    const log = `${other.app.workspaceFolder}/runs/${body.id}/logs/output.log`;
    while ((await readFile(log, 'utf8').catch(() => '')) === '') await sleep(50);
    await other.server.close();
    expect(await watcher).toContain('event: ');
    const workspace = await other.app.openWorkspace();
    expect(await workspace.runs.get(body.id)).toMatchObject({
      status: 'Queued',
      endedAt: null,
      worker: null,
    });
    await other.app.close();
  });
});

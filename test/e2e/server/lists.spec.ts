import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const v1 = '/api/v1';
const count = 5;

describe('lists and single things over HTTP', () => {
  let server: TestServer;
  let run: string;
  const call: TestServer['call'] = async (what, request) =>
    await server.call(what, { token: server.tokens.admin, ...request });
  const ended = async (path: string): Promise<void> => {
    while ((await call(`GET ${v1}${path}`)).body.endedAt === null) await sleep(20);
  };
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true });
    for (let index = 1; index <= count; index += 1) {
      const text = `name: own\nimage: 127.0.0.1:1/base:${index}\npython: {user_managed: true}\n`;
      const tags = { number: String(index), parity: index % 2 === 0 ? 'even' : 'odd' };
      await call(`POST ${v1}/environments`, { body: { definition: { text }, tags } });
      const token = await call(`POST ${v1}/tokens`, {
        body: { user: index % 2 === 0 ? 'eve' : 'otto', role: 'reader' },
      });
      expect(token.status).toBe(201);
      await call(`POST ${v1}/builds`, { body: { environment: `own:${index}` } });
      const command = ['sh', '-c', 'mkdir -p outputs; echo m > outputs/m'];
      ({ id: run } = (await call(`POST ${v1}/runs`, { body: { environment: 'own', command, target: 'local' } })).body);
      await ended(`/runs/${run}`);
      const model = await call(`POST ${v1}/models`, { body: { run, name: 'm', path: 'outputs/m' } });
      expect(model.status, model.text).toBe(201);
    }
  });
  afterAll(() => server.close());

  type Item = Record<string, unknown>;
  /** All of a list, in pages of two. */
  const pages = async (path: string, query = ''): Promise<Item[]> => {
    const found: Item[] = [];
    let cursor = '';
    do {
      const { status, body, text } = await call(`GET ${v1}${path}?limit=2${query}${cursor}`);
      expect(status, text).toBe(200);
      found.push(...(body.items as Item[]));
      cursor = body.next === null ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    return found;
  };

  it.each([
    ['/environments/own/versions', 'version'],
    ['/runs', 'id'],
    ['/builds', 'id'],
    ['/models', 'version'],
    ['/tokens', 'id'],
    ['/audit', 'number'],
  ])('%s come newest first, and oldest first on demand, page by page', async (path, key) => {
    const newest = await pages(path);
    const oldest = await pages(path, '&sort=created');
    expect(newest.length).toBeGreaterThanOrEqual(count);
    expect(new Set(newest.map((item) => item[key])).size).toBe(newest.length);
    expect(oldest.map((item) => item[key])).toEqual(newest.map((item) => item[key]).reverse());
    expect(await pages(path, '&sort=-created')).toEqual(newest);
    const wrong = await call(`GET ${v1}${path}?sort=name`);
    expect([wrong.status, wrong.body.code]).toEqual([400, 'USAGE']);
  });

  it.each<[string, string, string, unknown[]]>([
    ['/environments/own/versions', 'tag=parity=even', 'version', ['4', '2']],
    ['/environments/own/versions', 'tag=parity=odd&tag=number=3', 'version', ['3']],
    ['/environments/own/versions', 'tag=none', 'version', []],
    ['/environments', 'sort=-name&category=custom', 'name', ['own']],
    ['/environments', 'category=user_managed&tag=number=5', 'name', ['own']],
    ['/environments', 'category=user_managed&tag=number=4', 'name', []],
    ['/runs', 'environment=own:4&status=Completed', 'status', ['Completed']],
    ['/builds', 'environment=own:2', 'priority', [0]],
    ['/models', 'name=none', 'name', []],
    ['/tokens', 'user=eve', 'user', ['eve', 'eve']],
    ['/audit', 'action=model.register&subject=m:2', 'subject', ['m:2']],
  ])('%s with %s', async (path, query, key, expected) => {
    expect((await pages(path, `&${query}`)).map((item) => item[key])).toEqual(expected);
  });

  it('models are found by the run that made them', async () => {
    expect((await pages('/models', `&run=${run}`)).map(({ version }) => version)).toEqual([String(count)]);
    expect(await pages('/models', '&run=another')).toEqual([]);
  });

  it('a list of what has no name is empty, and each of it is there', async () => {
    const definition = { text: 'python: {user_managed: true}\n' };
    const { body } = await call(`POST ${v1}/environments`, { body: { definition, anonymous: true } });
    expect(body.name).toBe('anonymous');
    expect(await pages('/environments/anonymous/versions', '&archived=all')).toEqual([]);
    expect((await call(`GET ${v1}/environments/anonymous/versions/${body.version}`)).body).toEqual(body);
  });

  it.each<[string, () => string]>([
    ['an environment', () => '/environments/own'],
    ['a version', () => '/environments/own/versions/1'],
    ['a run', () => `/runs/${run}`],
    ['a model', () => '/models/m'],
    ['a version of a model', () => '/models/m/versions/1'],
  ])('%s is not sent again to who has it', async (_title, path) => {
    const first = await call(`GET ${v1}${path()}`);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    for (const known of [etag, `"x", W/${etag}`, '*']) {
      const again = await call(`GET ${v1}${path()}`, { headers: { 'if-none-match': known } });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await call(`GET ${v1}${path()}`, { headers: { 'if-none-match': '"x"' } });
    expect(other.body).toEqual(first.body);
  });

  it('a build and content are not sent again to who has them', async () => {
    const [build] = await pages('/builds');
    const path = `/builds/${String(build?.id)}`;
    await ended(path);
    const etag = (await call(`GET ${v1}${path}`)).headers.get('etag') ?? '';
    expect((await call(`GET ${v1}${path}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const [model] = await pages('/models');
    const blob = `GET ${v1}/blobs/${String(model?.digest)}`;
    const { headers, text } = await call(blob);
    expect(text).toBe('m\n');
    const again = await call(blob, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('a change is refused if somebody else was faster, whatever the change', async () => {
    const path = `${v1}/environments/own/versions/1`;
    const seen = (await call(`GET ${path}`)).headers.get('etag') ?? '';
    const changed = await call(`PATCH ${path}`, { body: { description: 'new' }, headers: { 'if-match': seen } });
    expect(changed.status).toBe(200);
    const late = { headers: { 'if-match': seen } };
    for (const what of [
      `POST ${path}/archive`,
      `POST ${path}/restore`,
      `DELETE ${path}`,
      `DELETE ${path}?purge=true`,
    ]) {
      const { status, body } = await call(what, late);
      expect([status, body.code], what).toEqual([412, 'PRECONDITION_FAILED']);
    }
    const now = { headers: { 'if-match': changed.headers.get('etag') ?? '' } };
    const archived = await call(`POST ${path}/archive`, now);
    expect([archived.status, archived.body.archived]).toEqual([200, true]);
    expect((await call(`POST ${path}/archive`, now)).status).toBe(412);
    const etag = archived.headers.get('etag') ?? '';
    expect((await call(`DELETE ${path}?purge=true`, { headers: { 'if-match': etag } })).status).toBe(200);
  });

  it('a model with a version is one model, sent twice', async () => {
    const body = { run, name: 'twice', path: 'outputs/m', version: 'v1', tags: { a: 'b' } };
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(`POST ${v1}/models`, { body })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const other = await call(`POST ${v1}/models`, { body: { ...body, tags: {} } });
    expect([other.status, other.body.code]).toEqual([409, 'MODEL_EXISTS']);
  });
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRoutes } from '../../../src/server/index.ts';
import { createTestServer, type TestAnswer, type TestServer } from '../../kit/server.ts';

// Nothing of a context is needed to see which routes there are.
const routes = allRoutes({ app: {}, workspace: {}, limits: {} } as never).flatMap(({ prefix, routes }) =>
  routes.map(({ method, path, role }) => ({ method, path: `${prefix}${path}`, role })),
);
const guarded = routes.filter(({ role }) => role !== 'anyone');
const azure = guarded.filter(({ path }) => path.includes('/:workspace'));
const named = guarded.filter(
  ({ path }) => path.startsWith('/api/v1/') && path.includes('/:') && !path.includes('/blobs/'),
);
const secret = 'print("of the other workspace")';
const digest = createHash('sha256').update(secret).digest('hex');

describe('another workspace', () => {
  let server: TestServer;
  let other: TestServer;
  /** What the other one has, by the word in a path. */
  const theirs: Record<string, string> = {};
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { failures: 10_000 } });
    other = await createTestServer({ withTokens: true, limits: { runs: 0 } });
    const at = async (what: string, body?: object) => await other.call(what, { token: other.tokens.admin, body });
    await at('POST /api/v1/environments', {
      definition: { text: 'name: theirs\nimage: debian:13\npython: {user_managed: true}\n' },
    });
    const code = { 'train.py': { text: secret } };
    const run = await at('POST /api/v1/runs', { environment: 'theirs', command: ['true'], code });
    const build = await at('POST /api/v1/builds', { environment: 'theirs' });
    const token = await at('POST /api/v1/tokens', { user: 'eve', role: 'admin' });
    for (const { status, text } of [run, build, token]) expect([201, 202], text).toContain(status);
    Object.assign(theirs, { runs: run.body.id, builds: build.body.id, tokens: token.body.id });
  });
  afterAll(async () => {
    await server.close();
    await other.close();
  });

  const ask = async ({ method }: { method: string }, path: string, token: string): Promise<TestAnswer> =>
    await server.call(`${method} ${path}`, {
      token,
      ...(method === 'GET' || method === 'HEAD' || method === 'DELETE' ? {} : { body: bodyFor(path) }),
    });

  it.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '’s token does not open %s',
    async (_title, route) => {
      const { status } = await ask(route, route.path.replaceAll(/:\w+/g, 'x'), other.tokens.admin);
      expect(status).toBe(401);
    },
  );

  it('’s token does not open the registry', async () => {
    expect((await server.call('GET /v2/', { token: other.tokens.admin })).status).toBe(401);
  });

  it.each(azure.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '’s name is refused by %s',
    async (_title, route) => {
      const path = route.path.replace(':workspace', 'other').replaceAll(/:\w+/g, 'x').replace('*', 'x');
      const answer = await ask(route, `${path}?api-version=2024-10-01`, server.tokens.admin);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([404, 'WORKSPACE_NOT_FOUND']);
      expect(answer.text).not.toContain('theirs');
    },
  );

  it.each(named.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '’s things are not there for %s',
    async (_title, route) => {
      const path = route.path
        .replace(':platform', 'linux-64')
        .replaceAll(/\/(\w+)\/:id/g, (_whole, kind: string) => `/${kind}/${theirs[kind] ?? ''}`);
      const answer = await ask(
        route,
        path.replace(':name', 'theirs').replace(':version', '1') + queryFor(path),
        server.tokens.admin,
      );
      expect([answer.status, answer.body.code], answer.text).toEqual([404, expect.stringMatching(/_NOT_FOUND$/)]);
    },
  );

  it('’s content is not there, and cannot be taken by naming its digest', async () => {
    const token = server.tokens.admin;
    expect((await other.call(`GET /api/v1/blobs/${digest}`, { token: other.tokens.reader })).text).toBe(secret);
    expect((await server.call(`GET /api/v1/blobs/${digest}`, { token })).status).toBe(404);
    const missing = await server.call('POST /api/v1/blobs/missing', { token, body: { digests: [digest] } });
    expect(missing.body).toEqual({ missing: [digest] });
    const definition = { text: 'name: mine\npython: {user_managed: true}\n' };
    await server.call('POST /api/v1/environments', { token, body: { definition } });
    const code = { 'train.py': { digest } };
    const run = await server.call('POST /api/v1/runs', {
      token,
      body: { environment: 'mine', command: ['true'], code },
    });
    expect([run.status, run.body.code]).toEqual([404, 'CONTENT_NOT_FOUND']);
  });
});

/** What a route that takes a body would do something with. */
function bodyFor(path: string): object {
  if (path.endsWith('/clone')) return { name: 'copy' };
  if (path.endsWith('/share')) return { registry: '127.0.0.1:1' };
  if (path.startsWith('/subscriptions/'))
    return {
      properties: {
        image: 'debian:13',
        jobType: 'Command',
        command: 'true',
        environmentId: 'x',
        modelUri: 'runs:/x/y',
      },
    };
  return {};
}

function queryFor(path: string): string {
  return path.endsWith('/export') ? '?format=json' : '';
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles } from '../../../src/schema/index.ts';
import { allRoutes } from '../../../src/server/index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

// Nothing of a context is needed to see which routes there are.
const routes = allRoutes({ app: {}, workspace: {}, limits: {} } as never).flatMap(({ prefix, routes }) =>
  routes.map(({ method, path, role }) => ({ what: `${method} ${prefix}${path.replaceAll(/:\w+/g, 'x')}`, role })),
);
const open = routes.filter(({ role }) => role === 'anyone').map(({ what }) => what);
const guarded = routes.flatMap(({ what, role }) => (role === 'anyone' ? [] : [[what, role] as const]));

describe('who may do what', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { failures: 1000 } });
  });
  afterAll(() => server.close());

  const status = async (what: string, headers: Record<string, string> = {}): Promise<number> =>
    (await server.call(what, { headers })).status;

  it.each(open)('%s lets anyone in', async (what) => {
    expect([200, 302]).toContain(await status(what));
  });

  describe.each(guarded)('%s (%s)', (what, wanted) => {
    it('wants a token, and a right one', async () => {
      expect(await status(what)).toBe(401);
      expect(await status(what, { authorization: 'Bearer nonsense' })).toBe(401);
      expect(await status(what, { authorization: server.tokens.admin })).toBe(401);
      expect(await status(what, { authorization: `Digest ${server.tokens.admin}` })).toBe(401);
    });

    it.each(roles)('and a %s', async (role) => {
      const isEnough = roles.indexOf(role) >= roles.indexOf(wanted);
      const got = await status(what, { authorization: `Bearer ${server.tokens[role]}` });
      if (isEnough) expect([401, 403]).not.toContain(got);
      else expect(got).toBe(403);
    });
  });

  it('takes words for the container engine from an admin only', async () => {
    const own = await createTestServer({ withTokens: true, limits: { runs: 0 } });
    try {
      const job = [
        'command: python3 -V',
        'environment: {image: localhost/base@sha256:' + 'a'.repeat(64) + ', python: {user_managed: true}}',
        'compute: docker',
        'resources: {docker_args: --ipc=host --pid=host}',
      ].join('\n');
      const submit = async (role: Role) =>
        await own.call('POST /api/v1/runs', { token: own.tokens[role], body: { job, target: 'docker' } });
      const refused = await submit('contributor');
      expect([refused.status, refused.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect(refused.body.details).toMatchObject({ wanted: 'admin' });
      const taken = await submit('admin');
      expect(taken.status, taken.text).toBe(202);
      const task = await (await own.app.openWorkspace()).tasks.claim({ worker: 'test' });
      expect(task?.request).toMatchObject({ target: { kind: 'docker', args: ['--ipc=host', '--pid=host'] } });
      const repeat = async (role: Role) =>
        await own.call(`POST /api/v1/runs/${String(taken.body.id)}/replay`, { token: own.tokens[role], body: {} });
      expect((await repeat('contributor')).body).toMatchObject({ code: 'PERMISSION_DENIED' });
      expect((await repeat('admin')).body).toMatchObject({ container: { args: ['--ipc=host', '--pid=host'] } });
    } finally {
      await own.close();
    }
  });

  it('takes a token as the password of Basic, whatever the user', async () => {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const { body } = await server.call('GET /api/v1/me', { headers: basic(`anybody:${server.tokens.reader}`) });
    expect(body).toMatchObject({ user: 'a reader', role: 'reader' });
    expect(await status('GET /api/v1/me', basic(`${server.tokens.reader}:`))).toBe(401);
    expect(await status('GET /api/v1/me', basic('x'))).toBe(401);
  });

  it('says what is missing, as problem details, and how to log in', async () => {
    const { body, headers } = await server.call('GET /api/v1/runs');
    expect(headers.get('www-authenticate')).toBe('Bearer realm="terroir", Basic realm="terroir"');
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({
      status: 401,
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining('Bearer') as string,
    });
    const denied = await server.call('GET /api/v1/tokens', { token: server.tokens.contributor });
    expect(denied.body).toMatchObject({
      status: 403,
      code: 'PERMISSION_DENIED',
      details: { role: 'contributor', wanted: 'admin' },
    });
  });

  it('ends with a revocation, at once', async () => {
    const made = await server.call('POST /api/v1/tokens', {
      token: server.tokens.admin,
      body: { user: 'bob', role: 'reader', expires: '1h' },
    });
    expect(made.status).toBe(201);
    const { token, id } = made.body as { token: string; id: string };
    expect((await server.call('GET /api/v1/me', { token })).body).toEqual({
      user: 'bob',
      role: 'reader',
      token: id,
      session: false,
    });
    expect((await server.call(`DELETE /api/v1/tokens/${id}`, { token: server.tokens.admin })).status).toBe(200);
    expect((await server.call('GET /api/v1/me', { token })).status).toBe(401);
  });

  it('leaves what was denied in the audit trail, and no token in trail or log', async () => {
    await server.call('DELETE /api/v1/environments/iris/versions/1', { token: server.tokens.reader });
    const { body } = await server.call('GET /api/v1/audit?limit=1', { token: server.tokens.admin });
    expect(body.items).toMatchObject([
      {
        user: 'a reader',
        action: 'deleteVersion',
        subject: '/api/v1/environments/iris/versions/1',
        outcome: 'PERMISSION_DENIED',
        origin: expect.stringMatching(/^127\.0\.0\.1 token [0-9a-f]{12}$/) as string,
      },
    ]);
    const secrets = roles.map((role) => server.tokens[role].slice(-43));
    for (const secret of secrets) expect(server.log.join('') + JSON.stringify(body)).not.toContain(secret);
  });
});

describe('a server without tokens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer();
  });
  afterAll(() => server.close());

  it('takes whoever is on the machine for the local user, with all rights', async () => {
    expect((await server.call('GET /api/v1/me')).body).toEqual({
      user: 'ada',
      role: 'admin',
      token: null,
      session: false,
    });
  });

  it.each<[string, Record<string, string>]>([
    ['another site’s page', { origin: 'https://evil.example' }],
    ['another port’s page', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a request that a browser says is of another site', { 'sec-fetch-site': 'cross-site' }],
    ['what a proxy brings', { 'x-forwarded-for': '10.0.0.1' }],
    ['what another proxy brings', { forwarded: 'for=10.0.0.1' }],
  ])('refuses %s', async (_title, headers) => {
    expect((await server.call('GET /api/v1/me', { headers })).status).toBe(403);
  });

  it('refuses a name that somebody made point here', async () => {
    const { request } = await import('node:http');
    const { port } = new URL(server.url);
    const ask = async (host: string): Promise<number | undefined> =>
      await new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/api/v1/me', headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await ask(`evil.example:${port}`)).toBe(403);
    expect(await ask(`127.0.0.1.evil.example:${port}`)).toBe(403);
    expect(await ask(`localhost:${port}`)).toBe(200);
  });

  it('wants a token from everybody as soon as there is one, and for ever', async () => {
    const { body } = await server.call('POST /api/v1/tokens', { body: { user: 'ann', role: 'admin' } });
    expect((await server.call('GET /api/v1/me')).status).toBe(401);
    expect((await server.call('GET /api/v1/me', { token: body.token })).status).toBe(200);
    await server.call(`DELETE /api/v1/tokens/${body.id}`, { token: body.token });
    expect((await server.call('GET /api/v1/me')).status).toBe(401);
  });
});

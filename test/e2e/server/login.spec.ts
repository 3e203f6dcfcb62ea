import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CookieBrowser, createCookieBrowser } from '../../kit/cookie-browser.ts';
import { freePort } from '../../kit/free-port.ts';
import { type IdentityProvider, startIdentityProvider } from '../../kit/identity-provider.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

describe.each([
  ['a public client', undefined],
  ['a client with a secret', 'the-secret-of-the-client-0123456789'],
])('logging in by OpenID Connect, as %s', (_title, clientSecret) => {
  let provider: IdentityProvider;
  let server: TestServer;
  beforeAll(async () => {
    const port = await freePort();
    provider = await startIdentityProvider({
      clientId: 'terroir',
      clientSecret,
      redirectUris: [`http://127.0.0.1:${port}/auth/callback`],
      groups: { ann: ['staff', 'platform'], bob: ['staff'], eve: ['admin'] },
    });
    server = await createTestServer({
      withTokens: true,
      port,
      login: {
        issuer: provider.issuer,
        clientId: 'terroir',
        clientSecret,
        scopes: 'openid profile',
        roleClaim: 'groups',
        roleValues: { staff: 'reader', platform: 'admin' },
      },
    });
  });
  afterAll(async () => {
    await server.close();
    await provider.close();
  });

  /** Up to where the provider sends the browser back. */
  const logIn = async (name: string, to = '/api/v1/me') => {
    const browser = createCookieBrowser();
    let page = await browser.open(`${server.url}/auth/login?to=${encodeURIComponent(to)}`);
    for (let form = formOf(page.text); form !== undefined; form = formOf(page.text)) {
      const values: Record<string, string> = form.prompt === 'login' ? { login: name, password: 'any' } : {};
      page = await browser.open(new URL(form.action, page.url).href, { prompt: form.prompt, ...values });
    }
    return { browser, ...page };
  };
  const formOf = (html: string): { action: string; prompt: string } | undefined => {
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1];
    return action === undefined || prompt === undefined ? undefined : { action, prompt };
  };
  const ask = async (what: string, browser: CookieBrowser, headers: Record<string, string> = {}, body?: unknown) =>
    await server.call(what, { headers: { cookie: browser.cookies(`${server.url}/`), ...headers }, body });

  it('gives the role that the groups give, and comes back to where it began', async () => {
    const { text, url } = await logIn('ann');
    expect(url).toBe(`${server.url}/api/v1/me`);
    expect(JSON.parse(text)).toEqual({ user: 'ann', role: 'admin', token: null, session: true });
    expect(JSON.parse((await logIn('bob')).text)).toEqual({ user: 'bob', role: 'reader', token: null, session: true });
    const { body } = await server.call('GET /api/v1/audit?action=login', { token: server.tokens.admin });
    expect(body.items[0]).toMatchObject({ user: 'bob', subject: 'reader', outcome: 'done' });
  });

  it('refuses who has no role, also one whose group is called like one', async () => {
    for (const name of ['eve', 'nobody']) {
      const { status, text, browser } = await logIn(name);
      expect([status, JSON.parse(text).code]).toEqual([403, 'PERMISSION_DENIED']);
      expect((await ask('GET /api/v1/me', browser)).status).toBe(401);
    }
  });

  it('wants one or a token, from everybody', async () => {
    const { status, body } = await server.call('GET /api/v1/me');
    expect([status, body.details]).toEqual([401, { login: '/auth/login' }]);
    expect((await server.call('GET /api/v1/me', { token: server.tokens.reader })).status).toBe(200);
  });

  it('lets the session do what its role may, and only from pages of the server', async () => {
    const { browser } = await logIn('ann');
    const definition = { definition: { text: 'name: x\nimage: debian:13\n' } };
    const create = async (headers: Record<string, string>) =>
      (await ask('POST /api/v1/environments', browser, headers, definition)).status;
    expect(await create({ origin: 'https://evil.example' })).toBe(403);
    expect(await create({ origin: 'null' })).toBe(403);
    expect(await create({})).toBe(403);
    expect(await create({ origin: server.url, 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await create({ origin: server.url, 'sec-fetch-site': 'same-origin' })).toBe(201);
    const { body } = await server.call('GET /api/v1/audit?action=environment.register', { token: server.tokens.admin });
    expect(body.items[0]).toMatchObject({ user: 'ann', origin: '127.0.0.1 browser' });
    const reader = (await logIn('bob')).browser;
    expect((await ask('POST /api/v1/environments', reader, { origin: server.url }, definition)).status).toBe(403);
  });

  it('keeps cookies from scripts, and ends the session on demand', async () => {
    const begin = await server.call('GET /auth/login');
    expect(begin.headers.get('set-cookie')).toMatch(
      /^terroir-login=\S+; Path=\/auth; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    const { browser } = await logIn('ann');
    expect(browser.cookies(`${server.url}/`)).toMatch(/^terroir-session=\S+$/);
    expect((await ask('POST /auth/logout', browser, { origin: 'https://evil.example' })).status).toBe(403);
    const out = await ask('POST /auth/logout', browser, { origin: server.url });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      204,
      'terroir-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ]);
  });

  it('takes no cookie that was changed, or made for something else', async () => {
    const { browser } = await logIn('bob');
    const [, payload = '', mac = ''] = /=([^.]+)\.(.+)$/.exec(browser.cookies(`${server.url}/`)) ?? [];
    const forged = Buffer.from(payload, 'base64url').toString().replace('reader', 'admin');
    const attempt = /^terroir-login=([^;]+)/.exec(
      (await server.call('GET /auth/login')).headers.get('set-cookie') ?? '',
    )?.[1];
    for (const value of [
      `${Buffer.from(forged).toString('base64url')}.${mac}`,
      `${payload}.`,
      payload,
      '',
      '.',
      attempt,
    ]) {
      const { status } = await server.call('GET /api/v1/me', { headers: { cookie: `terroir-session=${value}` } });
      expect(status).toBe(401);
    }
  });

  it('takes no answer of the provider that this browser did not ask for', async () => {
    for (const cookie of ['', (await server.call('GET /auth/login')).headers.get('set-cookie')?.split(';')[0] ?? '']) {
      const path = `/auth/callback?code=x&state=y&iss=${encodeURIComponent(provider.issuer)}`;
      const { status, body } = await server.call(`GET ${path}`, { headers: { cookie } });
      expect([status, body.code]).toEqual([401, 'UNAUTHORIZED']);
    }
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'x', '/a\r\nset-cookie: x'])(
    'sends nobody to %j',
    async (to) => {
      // Where the front door leads without a studio.
      expect((await logIn('bob', to)).url).toBe(`${server.url}/api/v1/docs`);
    },
  );
});

it('says that the provider is not there', async () => {
  const login = { issuer: 'http://127.0.0.1:1', clientId: 'x', scopes: 'openid', roleClaim: 'roles', roleValues: {} };
  const server = await createTestServer({ login });
  try {
    const { status, body } = await server.call('GET /auth/login');
    expect([status, body.code]).toEqual([502, 'UNREACHABLE']);
  } finally {
    await server.close();
  }
});

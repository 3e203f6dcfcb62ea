import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const v1 = '/api/v1';
const sha = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

describe('a server under abuse', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer({
      limits: { body: 100_000, upload: 1_000_000, headers: 1000, patience: 700, connections: 20 },
    });
  });
  afterAll(() => server.close());

  /** What comes back for bytes that are sent as they are, until the other side ends the connection. */
  const raw = async (text: string, wait = 8000): Promise<string> =>
    await new Promise((resolve, reject) => {
      const { port, hostname } = new URL(server.url);
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      const timer = setTimeout(() => socket.destroy(new Error(`still open; so far: ${answer}`)), wait);
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.on('close', () => {
        clearTimeout(timer);
        resolve(answer);
      });
      socket.on('error', (error) =>
        (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? undefined : reject(error),
      );
    });
  const head = 'Host: 127.0.0.1\r\n';

  it('refuses bodies that are too large, by what they announce and by what comes', async () => {
    const body = { definition: { text: 'x'.repeat(200_000) } };
    const { status, body: problem } = await server.call(`POST ${v1}/environments`, { body });
    expect([status, problem.code]).toEqual([413, 'TOO_LARGE']);
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
    const answer = await raw(
      `POST ${v1}/environments HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.repeat(3)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each<[string, Record<string, string>, string, number]>([
    ['no JSON', { 'content-type': 'application/json' }, '{', 400],
    ['a list', { 'content-type': 'application/json' }, '[]', 400],
    ['null', { 'content-type': 'application/json' }, 'null', 400],
    ['nothing', { 'content-type': 'application/json' }, '', 400],
    ['deep JSON', { 'content-type': 'application/json' }, '['.repeat(90_000), 400],
    ['a prototype', { 'content-type': 'application/json' }, '{"__proto__": {"name": "x"}}', 400],
    ['a constructor', { 'content-type': 'application/json' }, '{"constructor": {"prototype": {}}}', 400],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x', 415],
    ['plain text', { 'content-type': 'text/plain' }, '{}', 415],
    ['a NUL', { 'content-type': 'application/json' }, '{"definition":{"text":"a\\u0000b"}}', 400],
    ['another key', { 'content-type': 'application/json' }, '{"definition":{"text":"a"},"path":"/etc"}', 400],
  ])('refuses %s', async (_title, headers, text, expected) => {
    const { status, body } = await server.call(`POST ${v1}/environments`, { raw: text, headers });
    expect(status).toBe(expected);
    expect(body).toMatchObject({ status: expected, code: expect.any(String) as string });
  });

  it.each([
    `GET ${v1}/environments/%00`,
    `GET ${v1}/environments/%ff`,
    `GET ${v1}/environments/%`,
    `GET ${v1}/environments/${'x'.repeat(5000)}`,
    `GET ${v1}/../../../etc/passwd`,
    `GET ${v1}/..%2f..%2fetc%2fpasswd`,
    `GET ${v1}/blobs/..%2f..%2fworkspace.db`,
    `GET ${v1}/blobs/${'A'.repeat(64)}`,
    `GET ${v1}/runs/..%2f..%2fetc/logs`,
    `GET ${v1}/runs/%2e%2e/logs`,
    `GET ${v1}/models/..%2fx/versions/..`,
    `GET ${v1}/environments?limit=1&limit=2`,
    `GET ${v1}/environments?cursor=${'x'.repeat(3000)}`,
    `DELETE ${v1}/tokens/%27%20or%201=1`,
    `TRACE ${v1}/me`,
    `PUT ${v1}/me`,
  ])('answers %s with a reason', async (what) => {
    const answer = await raw(`${what} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toMatch(/root:|SQLite/);
  });

  it.each<[string, string, RegExp]>([
    ['huge headers', `GET / HTTP/1.1\r\n${head}X: ${'x'.repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['what is no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      `POST ${v1}/check HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      `POST ${v1}/check HTTP/1.1\r\n${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['headers that never end', `GET / HTTP/1.1\r\n${head}X: `, /^HTTP\/1\.1 408 /],
    [
      'a body that never comes',
      `POST ${v1}/check HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      /^HTTP\/1\.1 408 /,
    ],
    [
      'a layer that stops',
      `POST /v2/team/x/blobs/uploads/?digest=sha256:${sha('stops')} HTTP/1.1\r\n${head}Content-Length: 100\r\n\r\nabc`,
      /^HTTP\/1\.1 408 [^]*did not come/,
    ],
    [
      'an upload that stops',
      `PUT ${v1}/blobs/${sha('stops')} HTTP/1.1\r\n${head}Content-Length: 100\r\nConnection: close\r\n\r\nabc`,
      /^HTTP\/1\.1 504 /,
    ],
  ])('ends connections with %s', async (_title, text, expected) => {
    expect(await raw(text)).toMatch(expected);
  });

  it.each<[string, string, number]>([
    ['a large upload', `PUT ${v1}/blobs/${sha('large')}`, 413],
    ['a large definition', `POST ${v1}/environments`, 413],
    ['a large layer', `POST /v2/team/x/blobs/uploads/?digest=sha256:${sha('large')}`, 413],
    ['a large manifest', 'PUT /v2/team/x/manifests/1', 413],
    ['a large upload to nowhere', 'PUT /nowhere', 404],
  ])('refuses %s by what it announces, and does not wait for ever for the rest', async (_title, what, status) => {
    const began = performance.now();
    const answer = await raw(
      `${what} HTTP/1.1\r\n${head}Content-Type: application/octet-stream\r\nContent-Length: 99999999999\r\n\r\nx`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 (?:${status}|415) `));
    expect(performance.now() - began).toBeLessThan(4000);
  });

  it('takes no layer in that is too large, however it comes, and keeps nothing of it', async () => {
    const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`;
    const start = async (): Promise<string> =>
      (await server.call('POST /v2/team/x/blobs/uploads/')).headers.get('location') ?? '';
    const chunked = await raw(
      `PUT ${await start()}?digest=sha256:${sha('x')} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.repeat(11)}0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 [^]*SIZE_INVALID[^]*1000000 bytes at most/);
    const place = await start();
    const patch = { raw: 'x'.repeat(600_000), headers: { 'content-type': 'application/octet-stream' } };
    expect((await server.call(`PATCH ${place}`, patch)).status).toBe(202);
    expect((await server.call(`PATCH ${place}`, patch)).status).toBe(413);
    expect((await server.call(`GET ${place}`)).status).toBe(404);
    const uploads = join(server.app.workspaceFolder, 'registry/repositories/team/x/_uploads');
    expect(await readdir(uploads)).toEqual([]);
  });

  it('keeps only uploads that are what they say, and nothing of the others', async () => {
    const put = (digest: string, content: string) => server.call(`PUT ${v1}/blobs/${digest}`, { raw: content });
    const good = 'good content';
    expect((await put(sha(good), good)).status).toBe(201);
    expect((await put(sha(good), good)).status).toBe(200);
    expect((await put(`sha256:${sha(good)}`, 'whatever')).status).toBe(200);
    const wrong = await put(sha('other'), good);
    expect([wrong.status, wrong.body.code]).toEqual([502, 'DIGEST_MISMATCH']);
    const large = Buffer.alloc(1_000_001);
    expect((await server.call(`PUT ${v1}/blobs/${sha(large)}`, { raw: large })).status).toBe(413);
    expect((await server.call(`HEAD ${v1}/blobs/${sha(good)}`)).headers.get('content-length')).toBe('12');
    expect((await server.call(`HEAD ${v1}/blobs/${sha(large)}`)).status).toBe(404);
    expect((await server.call(`GET ${v1}/blobs/${sha(good)}`)).text).toBe(good);
    const digests = [sha(good), sha(large), sha('other')];
    const { body } = await server.call(`POST ${v1}/blobs/missing`, { body: { digests } });
    expect(body.missing.sort()).toEqual([sha(large), sha('other')].sort());
    const kept = await readdir(join(server.app.workspaceFolder, 'registry/blobs/sha256'));
    expect(kept.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('takes the same upload from many at once', async () => {
    const content = 'x'.repeat(500_000);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.call(`PUT ${v1}/blobs/${sha(content)}`, { raw: content })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  });

  it('gives each answer the id that its log has, the caller’s own if it is one', async () => {
    const own = await server.call('GET /healthz', { headers: { 'x-request-id': 'abc-123' } });
    expect(own.headers.get('x-request-id')).toBe('abc-123');
    const odd = await server.call('GET /healthz', { headers: { 'x-request-id': 'a "quoted" one' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(server.log.join('')).toContain(odd.headers.get('x-request-id'));
  });

  it('logs no secret of an address, and no header', async () => {
    await server.call(`GET ${v1}/runs?token=hush1&status=Failed`, {
      headers: { cookie: 'hush2', authorization: 'Bearer hush3' },
    });
    expect(server.log.join('')).not.toMatch(/hush/);
  });

  it('is still well', async () => {
    expect((await server.call('GET /readyz')).text).toBe('ready\n');
    const { text } = await server.call('GET /metrics');
    expect(text).toMatch(/terroir_requests_total\{method="GET",route="\/healthz",status="200"\} 2/);
    expect(text).not.toMatch(/status="500"/);
  });
});

describe('limits', () => {
  it('hold for each caller by itself', async () => {
    const server = await createTestServer({ withTokens: true, limits: { rate: 1, burst: 5 } });
    try {
      const ask = async (token: string) => await server.call(`GET ${v1}/me`, { token });
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(server.tokens.reader)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.body).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await ask(server.tokens.admin)).status).toBe(200);
      expect((await server.call('GET /healthz')).status).toBe(200);
    } finally {
      await server.close();
    }
  });

  it('let nobody try tokens for long', async () => {
    const server = await createTestServer({ withTokens: true, limits: { failures: 5 } });
    try {
      const codes: number[] = [];
      for (let index = 0; index < 8; index += 1)
        codes.push((await server.call(`GET ${v1}/me`, { token: `terroir_${index}` })).status);
      expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    } finally {
      await server.close();
    }
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from '../../../test/kit/certificates.ts';
import { type Proxy, startProxy } from '../../../test/kit/proxy.ts';
import { type PypiIndex, startPypiIndex } from '../../../test/kit/pypi-index.ts';
import { createHttp, type Http, type HttpOptions } from './http.ts';

const open: { close: () => Promise<unknown> }[] = [];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-http-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const http = (options: Partial<HttpOptions> = {}): Http => {
  const made = createHttp({ env: {}, ...options });
  open.push(made);
  return made;
};

interface Small {
  url: string;
  requests: IncomingMessage[];
}

/** A server that answers as told; `answer` gets the number of the request. */
const serve = async (
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Small> => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  open.push({
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, requests };
};

const pypi = async (...args: Parameters<typeof startPypiIndex>): Promise<PypiIndex> => {
  const index = await startPypiIndex(...args);
  open.push(index);
  return index;
};
const proxy = async (...args: Parameters<typeof startProxy>): Promise<Proxy> => {
  const made = await startProxy(...args);
  open.push(made);
  return made;
};

test('user info of an address becomes a header and stays out of what comes back', async () => {
  const server = await serve((_request, response) => response.end('hello'));
  const response = await http().get(`${server.url.replace('//', '//me:p%40ss@')}/x#part`);
  expect(await response.text()).toBe('hello');
  expect(response).toMatchObject({ status: 200, url: `${server.url}/x#part` });
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  expect(server.requests[0]?.url).toBe('/x');
});

test('a redirect to another server does not carry credentials, one on the same does', async () => {
  const other = await serve((_request, response) => response.end('there'));
  const first = await serve((request, response) => {
    const to = request.url === '/away' ? `${other.url}/file` : request.url === '/near' ? '/file' : undefined;
    if (to === undefined) response.end('here');
    else response.writeHead(302, { location: to }).end();
  });
  const address = first.url.replace('//', '//me:secret@');
  expect(await (await http().get(`${address}/away`)).text()).toBe('there');
  expect(await (await http().get(`${first.url}/away`, { headers: { authorization: 'Bearer secret' } })).text()).toBe(
    'there',
  );
  for (const request of other.requests) expect(request.headers.authorization).toBeUndefined();
  expect(await (await http().get(`${address}/near`)).text()).toBe('here');
  expect(first.requests.at(-1)?.headers.authorization).toBeDefined();
  const known = http({
    credentials: async (url) => await Promise.resolve(other.url === url.origin ? 'Bearer theirs' : undefined),
  });
  await known.get(`${first.url}/away`);
  expect(other.requests.at(-1)?.headers.authorization).toBe('Bearer theirs');
});

test('redirects in a circle, and to what is no web address, end', async () => {
  const server = await serve((request, response) =>
    response.writeHead(301, { location: request.url === '/file' ? 'file:///etc/passwd' : request.url }).end(),
  );
  await expect(http().get(`${server.url}/round`)).rejects.toMatchObject({
    code: 'HTTP_ERROR',
    message: `\`${server.url}/round\` redirects in a circle`,
  });
  expect(server.requests).toHaveLength(11);
  await expect(http().get(`${server.url}/file`)).rejects.toMatchObject({ code: 'HTTP_ERROR' });
});

test('what may pass is tried again, and Retry-After is kept', async () => {
  const server = await serve((_request, response, count) => {
    if (count < 3)
      response
        .writeHead(count === 1 ? 503 : 429, {
          'retry-after': count === 1 ? '1' : new Date(Date.now() - 1000).toUTCString(),
        })
        .end();
    else response.end('at last');
  });
  const startedAt = Date.now();
  expect(await (await http().get(server.url)).text()).toBe('at last');
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1000);
  expect(server.requests).toHaveLength(3);
});

test('a connection that breaks is made again', async () => {
  const server = await serve((request, response, count) => {
    if (count < 3) request.socket.destroy();
    else response.end('at last');
  });
  expect(await (await http().get(server.url)).text()).toBe('at last');
});

test.each([
  [401, 'UNAUTHORIZED', 1],
  [403, 'UNAUTHORIZED', 1],
  [404, 'HTTP_ERROR', 1],
  [410, 'HTTP_ERROR', 1],
  [500, 'HTTP_ERROR', 2],
  [503, 'HTTP_ERROR', 2],
])('status %i is %s after %i tries', async (status, code, tries) => {
  const server = await serve((_request, response) => response.writeHead(status).end('no'));
  await expect(http({ retries: 1 }).get(`${server.url}/x?token=abc`)).rejects.toMatchObject({
    code,
    details: { status },
  });
  expect(server.requests).toHaveLength(tries);
});

test('errors name the address without secrets', async () => {
  const failure = await http({ retries: 0 })
    .get('http://me:secret@127.0.0.1:1/x?token=abcdef')
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'UNREACHABLE',
    message: '`http://127.0.0.1:1/x?token=***` cannot be reached: nobody listens there',
  });
  await expect(http({ retries: 0 }).get('ftp://host/x')).rejects.toMatchObject({ code: 'HTTP_ERROR' });
});

test('a body that breaks off is an error with a code', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('half', () => response.destroy());
  });
  const response = await http().get(server.url);
  await expect(response.text()).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('offline asks nobody', async () => {
  const server = await serve((_request, response) => response.end('hello'));
  await expect(http({ offline: true }).get(server.url)).rejects.toMatchObject({ code: 'OFFLINE' });
  expect(server.requests).toHaveLength(0);
});

test('an interrupt ends a request, also while it waits for the next try', async () => {
  const server = await serve((_request, response) => response.writeHead(503, { 'retry-after': '20' }).end());
  const startedAt = Date.now();
  await expect(http().get(server.url, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({
    code: 'CANCELED',
  });
  const silent = await serve(() => undefined);
  await expect(http().get(silent.url, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({
    code: 'CANCELED',
  });
  expect(Date.now() - startedAt).toBeLessThan(3000);
});

test('a company’s certificate authority, by every variable, by pip’s setting', async () => {
  const certificates = makeCertificates(folder);
  const index = await pypi([{ filename: 'a-1-py3-none-any.whl', bytes: Buffer.from('x') }], { tls: certificates });
  const { authority } = certificates;
  await expect(http({ retries: 0 }).get(`${index.url}/a/`)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    hint: expect.stringContaining('SSL_CERT_FILE') as unknown,
  });
  for (const name of ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS']) {
    expect((await http({ env: { [name]: authority } }).get(`${index.url}/a/`)).status).toBe(200);
  }
  expect((await http({ certificates: authority }).get(`${index.url}/a/`)).status).toBe(200);
  for (const host of ['127.0.0.1', `127.0.0.1:${index.port}`])
    expect((await http({ trustedHosts: [host] }).get(`${index.url}/a/`)).status).toBe(200);
  await expect(http({ retries: 0, trustedHosts: ['127.0.0.2'] }).get(`${index.url}/a/`)).rejects.toMatchObject({
    code: 'UNREACHABLE',
  });
  await expect(http({ env: { SSL_CERT_FILE: '/nowhere' } }).get(`${index.url}/a/`)).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  });

  const tunnel = await proxy({ user: 'me', password: 'word' });
  const through = http({ env: { HTTPS_PROXY: tunnel.url, SSL_CERT_FILE: authority } });
  expect((await through.get(`${index.url}/a/`)).status).toBe(200);
  expect(tunnel.seen).toEqual([`CONNECT 127.0.0.1:${index.port}`]);
  expect(
    (await http({ env: { HTTPS_PROXY: tunnel.url }, trustedHosts: ['127.0.0.1'] }).get(`${index.url}/a/`)).status,
  ).toBe(200);
  expect(tunnel.seen).toHaveLength(2);
});

test('proxies: for http too, by variable or setting, but not where NO_PROXY says so', async () => {
  const server = await serve((_request, response) => response.end('hello'));
  const tunnel = await proxy();
  const uses = async (options: Partial<HttpOptions>): Promise<boolean> => {
    const before = tunnel.seen.length;
    expect(await (await http(options).get(server.url)).text()).toBe('hello');
    return tunnel.seen.length > before;
  };
  expect(await uses({})).toBe(false);
  expect(await uses({ env: { HTTP_PROXY: tunnel.url } })).toBe(true);
  expect(await uses({ env: { http_proxy: tunnel.url.replace('http://', '') } })).toBe(true);
  expect(await uses({ env: { ALL_PROXY: tunnel.url } })).toBe(true);
  expect(await uses({ proxy: tunnel.url })).toBe(true);
  expect(await uses({ env: { HTTPS_PROXY: tunnel.url } })).toBe(false);
  expect(await uses({ env: { HTTP_PROXY: tunnel.url, NO_PROXY: '127.0.0.1' } })).toBe(false);
});

test('a server that lets us wait is named once', async () => {
  const { url } = await serve((_, response) => setTimeout(() => response.end('late'), 60));
  const waited: string[] = [];
  const patient = http({ onWait: (host) => waited.push(host), patience: 20 });
  expect(await (await patient.get(url)).text()).toBe('late');
  expect(await (await patient.get(url)).text()).toBe('late');
  expect(waited).toEqual([new URL(url).host]);
  const quick: string[] = [];
  await http({ onWait: (host) => quick.push(host) }).get(url);
  expect(quick).toEqual([]);
});

import { access, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { request as open } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of, sha512Of } from '../../../test/kit/registry/image.ts';
import { type RawRequest, rawRequest } from '../../../test/kit/registry/request.ts';
import { type HttpServer, type HttpServerOptions, serveHttp } from '../../io/index.ts';
import { createRegistry } from '../store/registry.ts';
import { type Access, type Authorize, createRegistryHandler } from './handler.ts';

const content = 'abcdefghijklmnopqrstuvwxyz';
const digest = sha256Of(content);
let folder: string;
let server: HttpServer;

async function serve(options: HttpServerOptions & { authorize?: Authorize } = {}): Promise<void> {
  const registry = createRegistry(folder);
  server = await serveHttp(createRegistryHandler({ registry, authorize: options.authorize }), options);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-uploads-'));
  await serve();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const ask = async (path: string, options?: RawRequest) => await rawRequest(server.url, path, options);
const start = async (): Promise<string> =>
  (await ask('/v2/ada/blobs/uploads/', { method: 'POST' })).headers.location ?? '';
const patch = async (location: string, body: string, range?: string) =>
  await ask(location, { method: 'PATCH', body, headers: range === undefined ? {} : { 'content-range': range } });
const finish = async (location: string, wanted = digest, body = '', headers = {}) =>
  await ask(`${location}?digest=${wanted}`, { method: 'PUT', body, headers });
const pulled = async (wanted = digest) => (await ask(`/v2/ada/blobs/${wanted}`)).body.toString();
const uploadFile = (location: string) => join(folder, 'repositories/ada/_uploads', location.split('/').at(-1) ?? '');

test('pieces with ranges, the last one with the end', async () => {
  const location = await start();
  const first = await patch(location, content.slice(0, 10), '0-9');
  expect([first.status, first.headers.range, first.headers.location]).toEqual([202, '0-9', location]);
  expect((await patch(location, content.slice(10, 20), '10-19')).headers.range).toBe('0-19');
  const last = await finish(location, digest, content.slice(20), { 'content-range': '20-25' });
  expect([last.status, last.headers.location]).toEqual([201, `/v2/ada/blobs/${digest}`]);
  expect(await pulled()).toBe(content);
  expect((await ask(location)).status).toBe(404);
});

test('pieces without ranges, by SHA-512, in chunks of the connection', async () => {
  const location = await start();
  await ask(location, { method: 'PATCH', body: content.slice(0, 5), headers: { 'transfer-encoding': 'chunked' } });
  await patch(location, content.slice(5));
  expect((await finish(location, sha512Of(content))).status).toBe(201);
  expect(await pulled(sha512Of(content))).toBe(content);
});

test.each([
  ['0-9', 'the beginning again'],
  ['12-21', 'a gap'],
  ['10-18', 'shorter than what comes'],
  ['10-20', 'longer than what comes'],
  ['19-10', 'backwards'],
  ['10', 'no range'],
  ['-10-19', 'a sign'],
  ['10-99999999999999999999', 'beyond all numbers'],
])('a piece at %s is refused (%s), and the upload goes on where it was', async (range) => {
  const location = await start();
  await patch(location, content.slice(0, 10), '0-9');
  const refused = await patch(location, content.slice(10, 20), range);
  expect([refused.status, refused.headers.range, refused.headers.location]).toEqual([416, '0-9', location]);
  const status = await ask(location);
  expect([status.status, status.headers.range]).toEqual([204, '0-9']);
  await patch(location, content.slice(10), '10-25');
  expect((await finish(location)).status).toBe(201);
});

test('an end without a digest is none; one with another digest ends it for good', async () => {
  const location = await start();
  await patch(location, content);
  expect((await ask(location, { method: 'PUT' })).status).toBe(400);
  const wrong = await finish(location, sha256Of('other'));
  expect(wrong.status).toBe(400);
  expect(JSON.parse(wrong.body.toString())).toMatchObject({ errors: [{ code: 'DIGEST_INVALID' }] });
  expect((await ask(location)).status).toBe(404);
  expect((await ask(`/v2/ada/blobs/${digest}`)).status).toBe(404);
});

test('an upload that is canceled is gone, and so is one of another repository', async () => {
  const location = await start();
  expect((await ask(location.replace('/ada/', '/bob/'))).status).toBe(404);
  expect((await ask(location, { method: 'DELETE' })).status).toBe(204);
  expect((await ask(location, { method: 'DELETE' })).status).toBe(404);
  expect((await patch(location, content)).status).toBe(404);
  expect((await finish(location)).status).toBe(404);
});

test('an upload outlives the server', async () => {
  const location = await start();
  await patch(location, content.slice(0, 10));
  await server.close();
  await serve();
  expect((await ask(location)).headers.range).toBe('0-9');
  await patch(location, content.slice(10), '10-25');
  expect((await finish(location)).status).toBe(201);
  expect(await pulled()).toBe(content);
});

test('an upload that nobody went on with for a day is unknown', async () => {
  const location = await start();
  await patch(location, content);
  const old = Date.now() / 1000 - 25 * 3600;
  await utimes(uploadFile(location), old, old);
  expect((await finish(location)).status).toBe(404);
  await expect(access(uploadFile(location))).rejects.toThrow('ENOENT');
});

/** Sends the head of a request and a part of its body, and waits until that is in the upload's file. */
async function sendHalf(location: string, body: string, half: number): Promise<ReturnType<typeof open>> {
  const { hostname, port } = new URL(server.url);
  const headers = { 'content-length': String(body.length) };
  const request = open({ hostname, port, path: location, method: 'PATCH', headers, agent: false });
  request.on('error', () => undefined);
  request.write(body.slice(0, half));
  return await Promise.resolve(request);
}

test('what came before the connection broke is kept', async () => {
  const location = await start();
  const request = await sendHalf(location, content, 10);
  setTimeout(() => request.destroy(), 100);
  await expect.poll(async () => (await ask(location)).headers.range).toBe('0-9');
  expect((await patch(location, content.slice(10), '10-25')).status).toBe(202);
  expect((await finish(location)).status).toBe(201);
});

test('who comes back over a new connection need not wait for the end of the old one', async () => {
  const location = await start();
  const request = await sendHalf(location, content, 10);
  const closed = new Promise((resolve) => request.once('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const refused = await patch(location, content, '0-25');
  expect([refused.status, refused.headers.range]).toEqual([416, '0-9']);
  await closed;
  await patch(location, content.slice(10), '10-25');
  expect((await finish(location)).status).toBe(201);
  expect(await pulled()).toBe(content);
});

test('the same content from many at once is one file', async () => {
  const locations = await Promise.all(Array.from({ length: 8 }, start));
  const answers = await Promise.all(locations.map(async (location) => await finish(location, digest, content)));
  expect(answers.map(({ status }) => status)).toEqual(locations.map(() => 201));
  const shelf = join(folder, 'blobs/sha256', digest.slice(7, 9));
  expect(await readdir(shelf)).toEqual([digest.slice(7)]);
  expect((await stat(join(shelf, digest.slice(7)))).mode & 0o777).toBe(0o444);
  expect(await readdir(join(folder, 'repositories/ada/_uploads'))).toEqual([]);
});

describe('clients that take their time', () => {
  const hang = async (text: string): Promise<number> => {
    const startedAt = Date.now();
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    await new Promise((resolve) => {
      socket.on('close', resolve);
      socket.resume();
    });
    return Date.now() - startedAt;
  };

  test('are cut off in the middle of the headers', async () => {
    await server.close();
    await serve({ headersTimeout: 200 });
    expect(await hang('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-A: ')).toBeLessThan(3000);
  });

  test('are cut off in the middle of a body, and what they sent is kept', async () => {
    await server.close();
    await serve({ idleTimeout: 200 });
    const location = await start();
    expect(await hang(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc`)).toBeLessThan(3000);
    // The line is cut before the last bytes are in the file.
    await expect.poll(async () => (await ask(location)).headers.range).toBe('0-2');
  });
});

test('a body that is refused does not hide the answer', async () => {
  const body = Buffer.alloc(8_000_000);
  const refused = await ask('/v2/ada/manifests/x', { method: 'PUT', body });
  expect(refused.status).toBe(413);
  expect((await ask('/v2/Ada/blobs/uploads/?digest=x', { method: 'POST', body })).status).toBe(400);
});

describe('with somebody who decides', () => {
  const seen: Access[] = [];
  const authorize: Authorize = async ({ headers }, wanted) => {
    seen.push(wanted);
    const user = headers.authorization;
    if (user === undefined) return await Promise.resolve({ challenge: 'Basic realm="here"' });
    return wanted.action === 'pull' && wanted.repository !== 'secret'
      ? 'granted'
      : user === 'ada'
        ? 'granted'
        : 'denied';
  };
  const as = (user: string) => ({ headers: { authorization: user } });

  beforeEach(async () => {
    await server.close();
    await serve({ authorize });
    await ask(`/v2/secret/blobs/uploads/?digest=${digest}`, { method: 'POST', body: content, ...as('ada') });
    await ask(`/v2/open/blobs/uploads/?digest=${sha256Of('open')}`, { method: 'POST', body: 'open', ...as('ada') });
    seen.length = 0;
  });

  test.each<[string, string, Access]>([
    ['GET', '/v2/', { repository: undefined, action: 'pull' }],
    ['HEAD', '/v2/open/manifests/x', { repository: 'open', action: 'pull' }],
    ['GET', '/v2/open/tags/list', { repository: 'open', action: 'pull' }],
    ['PUT', '/v2/open/manifests/x', { repository: 'open', action: 'push' }],
    ['POST', '/v2/open/blobs/uploads/', { repository: 'open', action: 'push' }],
    ['GET', '/v2/open/blobs/uploads/x', { repository: 'open', action: 'push' }],
    ['DELETE', '/v2/open/manifests/x', { repository: 'open', action: 'delete' }],
    ['DELETE', `/v2/open/blobs/${digest}`, { repository: 'open', action: 'delete' }],
  ])('%s %s', async (method, path, wanted) => {
    const nobody = await ask(path, { method });
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, 'Basic realm="here"']);
    expect(seen).toEqual([wanted]);
    const bob = await ask(path, { method, ...as('bob') });
    expect(bob.status === 403).toBe(wanted.action !== 'pull');
  });

  test('a mount takes nothing from where one may not read', async () => {
    const carl: Authorize = async (_, { repository, action }) =>
      await Promise.resolve(
        repository === 'carl' || (repository === 'open' && action === 'pull') ? 'granted' : 'denied',
      );
    await server.close();
    await serve({ authorize: carl });
    const mount = async (from: string, wanted = digest) =>
      (await ask(`/v2/carl/blobs/uploads/?mount=${wanted}${from}`, { method: 'POST' })).status;
    expect(await mount('&from=secret')).toBe(202);
    expect(await mount('')).toBe(202);
    expect(await mount('&from=open', sha256Of('open'))).toBe(201);
    expect(await mount('', sha256Of('open'))).toBe(201);
  });

  test('the list of repositories has what one may read', async () => {
    const list = async (user: string) => JSON.parse((await ask('/v2/_catalog', as(user))).body.toString()) as unknown;
    expect(await list('ada')).toEqual({ repositories: ['open', 'secret'] });
    expect(await list('bob')).toEqual({ repositories: ['open'] });
  });
});

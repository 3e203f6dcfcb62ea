import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../../test/kit/certificates.ts';
import { type FakeServer, startBadLine, startFakeServer } from '../../../test/kit/registry/fake-server.ts';
import { describe as describeBlob, sha256Of, smallImage } from '../../../test/kit/registry/image.ts';
import { createHttp, type HttpOptions, serveHttp } from '../../io/index.ts';
import { mediaTypes } from '../../schema/index.ts';
import { createRegistryHandler } from '../server/handler.ts';
import { createRegistry } from '../store/registry.ts';
import { createRegistryClient, type RegistryClientOptions, type RemoteRepository } from './client.ts';
import type { Credentials } from './docker-credentials.ts';

const content = randomBytes(300_000);
const digest = sha256Of(content);
const image = smallImage(['one']);
const ada: Credentials = { kind: 'password', user: 'ada', password: 'the-secret' };
const open: { close: () => Promise<unknown> }[] = [];
let folder: string;
let certificates: Certificates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-client-'));
  certificates = makeCertificates(folder);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const serve = async (answer: RequestListener, tls?: Certificates): Promise<FakeServer> => {
  const server = await startFakeServer(answer, tls);
  open.push(server);
  return server;
};
const client = (
  options: Partial<RegistryClientOptions> & { credentials?: Credentials; net?: Partial<HttpOptions> } = {},
) => {
  const { credentials, net, ...others } = options;
  const http = createHttp({ env: {}, ...net });
  open.push(http);
  return createRegistryClient({ http, findCredentials: async () => await Promise.resolve({ credentials }), ...others });
};
const at = (host: string, options?: Parameters<typeof client>[0]): RemoteRepository =>
  client(options).repository(host, 'ada/tools');
const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};
const source = (bytes: Uint8Array) => ({
  digest: sha256Of(bytes),
  size: bytes.length,
  open: async function* (start: number) {
    for (let here = start; here < bytes.length; here += 50_000) {
      yield await Promise.resolve(bytes.subarray(here, here + 50_000));
    }
  },
});
/** Our own registry, in this process. */
const ours = async (name: string): Promise<string> => {
  const registry = createRegistry(join(folder, name));
  const server = await serveHttp(createRegistryHandler({ registry }));
  open.push(server);
  return new URL(server.url).host;
};
const startOf = (range: string | undefined): number => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);

describe('reading a blob', () => {
  /** Sends what is asked for, but breaks off after so many bytes; one number for each request. */
  const breaking =
    (stops: number[], honest = true): RequestListener =>
    (request, response) => {
      if (!request.url?.includes('/blobs/')) return response.end('{}');
      const start = honest ? startOf(request.headers.range) : 0;
      const total = content.length;
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': total - start,
        ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${total - 1}/${total}` }),
      });
      const stop = stops.shift();
      if (stop === undefined) return response.end(content.subarray(start));
      return response.write(content.subarray(start, start + stop), () => setTimeout(() => response.destroy(), 20));
    };
  const blobRequests = ({ requests }: FakeServer) => requests.filter(({ url }) => url?.includes('/blobs/'));

  test('goes on where the connection broke', async () => {
    const server = await serve(breaking([100_000, 50_000]));
    const seen: number[] = [];
    const pieces = at(server.host).readBlob(digest, { onProgress: (done) => seen.push(done) });
    expect(await collect(pieces)).toEqual(content);
    expect(blobRequests(server).map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=100000-',
      'bytes=150000-',
    ]);
    expect(seen.at(-1)).toBe(content.length);
  });

  test('goes on also where the server knows no ranges', async () => {
    const server = await serve(breaking([100_000, 200_000], false));
    expect(await collect(at(server.host).readBlob(digest))).toEqual(content);
  });

  test('gives up when it gets nowhere', async () => {
    const server = await serve(breaking([0, 0, 0, 0, 0, 0, 0, 0]));
    const patience = AbortSignal.timeout(2500);
    await expect(collect(at(server.host).readBlob(digest, { signal: patience }))).rejects.toMatchObject({
      code: 'CANCELED',
    });
    expect(blobRequests(server).length).toBeGreaterThan(2);
  });

  test.each<[string, Buffer, number | undefined, string]>([
    ['other bytes', Buffer.alloc(content.length), content.length, 'the digest'],
    ['too few', content.subarray(1), content.length, '299999 bytes instead of 300000'],
    ['too many', Buffer.concat([content, Buffer.of(1)]), content.length, 'more than 300000 bytes'],
    ['too many, where nobody knew how many', Buffer.concat([content, Buffer.of(1)]), undefined, 'the digest'],
  ])('refuses %s', async (_title, bytes, size, message) => {
    const server = await serve((request, response) => response.end(request.url?.includes('/blobs/') ? bytes : '{}'));
    await expect(collect(at(server.host).readBlob(digest, { size }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('refuses to go on with a blob that is shorter now', async () => {
    const server = await serve((request, response) => {
      if (!request.url?.includes('/blobs/')) response.end('{}');
      else if (request.headers.range !== undefined) response.writeHead(416).end();
      else
        response
          .writeHead(200, { 'content-length': 300_000 })
          .write('x', () => setTimeout(() => response.destroy(), 20));
    });
    await expect(collect(at(server.host).readBlob(digest))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('is sent on to another server, which does not hear our password, and whose address is in no error', async () => {
    const storage = await serve((request, response) => {
      if (request.url?.startsWith('/good')) response.end(content);
      else response.writeHead(403).end('<xml/>');
    });
    let way = 'good';
    const server = await serve((request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end();
      else response.writeHead(307, { location: `http://${storage.host}/${way}?X-Signature=topsecret` }).end();
    });
    const repository = at(server.host, { credentials: ada });
    expect(await collect(repository.readBlob(digest))).toEqual(content);
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    way = 'bad';
    const failure: unknown = await collect(repository.readBlob(digest)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/topsecret|the-secret/);
  });

  test('ends redirects that go round in circles', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(307, { location: request.url }).end();
    });
    await expect(collect(at(server.host).readBlob(digest))).rejects.toMatchObject({ code: 'HTTP_ERROR' });
    expect(server.requests.length).toBeLessThan(10);
  });

  test('no more than so many at once', async () => {
    let now = 0;
    let most = 0;
    const server = await serve((request, response) => {
      if (!request.url?.includes('/blobs/')) return response.end('{}');
      now += 1;
      most = Math.max(most, now);
      return setTimeout(() => {
        now -= 1;
        response.end(content);
      }, 30);
    });
    const repository = at(server.host, { parallel: 3 });
    await Promise.all(Array.from({ length: 9 }, async () => await collect(repository.readBlob(digest))));
    expect(most).toBe(3);
  });
});

describe('sending a blob', () => {
  const large = randomBytes(6_000_000);

  test('goes on where the line broke', async () => {
    const line = await startBadLine(await ours('line'), [4_000_000, 1_500_000]);
    open.push(line);
    expect(await at(line.host).pushBlob(source(large))).toBe('sent');
    expect(await collect(at(line.host).readBlob(sha256Of(large)))).toEqual(large);
    expect(line.sent()).toBeLessThan(large.length * 1.6);
  });

  test('begins again where the registry has forgotten the upload', async () => {
    const host = await ours('forgetful');
    const line = await startBadLine(host, [4_000_000]);
    open.push(line);
    let isRemoved = false;
    const forgetting = {
      ...source(large),
      open: async function* (start: number) {
        for await (const piece of source(large).open(start)) {
          if (line.sent() > 3_000_000 && !isRemoved) {
            isRemoved = true;
            await rm(join(folder, 'forgetful/repositories/ada/tools/_uploads'), { recursive: true });
          }
          yield piece;
        }
      },
    };
    expect(await at(line.host).pushBlob(forgetting)).toBe('sent');
    expect(isRemoved).toBe(true);
    expect(await collect(at(host).readBlob(sha256Of(large)))).toEqual(large);
  });

  test('is over when the answer was lost but the blob was not', async () => {
    const host = await ours('lost-answer');
    let isLost = false;
    const server = await serve((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const answer = await fetch(`http://${host}${request.url}`, {
          method: request.method,
          headers: request.headers['content-range'] ? { 'content-range': request.headers['content-range'] } : {},
          body: request.method === 'GET' || request.method === 'HEAD' ? undefined : Buffer.concat(chunks),
        });
        if (request.method === 'PUT' && !isLost) {
          isLost = true;
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.status, Object.fromEntries(answer.headers));
        response.end(Buffer.from(await answer.arrayBuffer()));
      })();
    });
    expect(await at(server.host).pushBlob(source(Buffer.from('small')))).toBe('sent');
    expect(isLost).toBe(true);
  });

  test('stops when it is told to', async () => {
    const host = await ours('stopped');
    const stop = new AbortController();
    const endless = {
      ...source(large),
      open: async function* () {
        for (;;) {
          yield Buffer.alloc(1000);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    };
    setTimeout(() => stop.abort(), 100);
    await expect(at(host).pushBlob(endless, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELED' });
  });
});

describe('what may pass', () => {
  test.each([
    ['too many requests', 429],
    ['an overloaded server', 503],
    ['a broken server', 500],
  ])('%s is asked again, when it says so', async (_title, status) => {
    let refusals = 2;
    const server = await serve((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else if (refusals > 0) {
        refusals -= 1;
        response.writeHead(status, { 'retry-after': '0' }).end();
      } else response.end(JSON.stringify({ tags: ['a'] }));
    });
    expect(await at(server.host).listTags()).toEqual(['a']);
    expect(server.requests.filter(({ url }) => url?.endsWith('/tags/list'))).toHaveLength(3);
  });

  test('and is an error when it does not', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else
        response
          .writeHead(503, { 'retry-after': '0' })
          .end('{"errors": [{"code": "UNKNOWN", "message": "all is lost"}]}');
    });
    await expect(at(server.host, { retries: 1 }).listTags()).rejects.toMatchObject({
      code: 'HTTP_ERROR',
      message: expect.stringContaining('status 503: all is lost') as unknown,
    });
  });

  test('waiting ends when it is told to', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(503, { 'retry-after': '20' }).end();
    });
    const startedAt = Date.now();
    await expect(at(server.host).listTags({ signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      code: 'CANCELED',
    });
    expect(Date.now() - startedAt).toBeLessThan(3000);
  });
});

describe('manifests that are not what they should be', () => {
  const answer =
    (headers: Record<string, string>, body: string | Buffer): RequestListener =>
    (request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(200, headers).end(body);
    };
  const type = { 'content-type': mediaTypes.ociManifest };
  const read = async (listener: RequestListener, reference = 'latest') =>
    await at((await serve(listener)).host).readManifest(reference);

  test.each<[string, RequestListener, string, string]>([
    [
      'another digest than the header says',
      answer({ ...type, 'docker-content-digest': digest }, image.manifest),
      'latest',
      'DIGEST_MISMATCH',
    ],
    ['another digest than was asked for', answer(type, image.manifest), digest, 'DIGEST_MISMATCH'],
    [
      'a header that agrees with the question and not with the bytes',
      answer({ ...type, 'docker-content-digest': digest }, image.manifest),
      digest,
      'DIGEST_MISMATCH',
    ],
    ['a web page', answer({ 'content-type': 'text/html' }, '<html>'), 'latest', 'INVALID_IMAGE'],
    ['nonsense', answer(type, '{}'), 'latest', 'INVALID_IMAGE'],
    [
      'an index that calls itself an image',
      answer({ 'content-type': mediaTypes.ociIndex }, image.manifest),
      'latest',
      'INVALID_IMAGE',
    ],
    [
      'schema 1',
      answer({ 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }, '{"schemaVersion": 1}'),
      'latest',
      'UNSUPPORTED_FORMAT',
    ],
    ['twenty megabytes', answer(type, Buffer.alloc(20_000_000)), 'latest', 'INVALID_IMAGE'],
  ])('%s', async (_title, listener, reference, code) => {
    await expect(read(listener, reference)).rejects.toMatchObject({ code });
  });

  test('a registry that tells no digest is read', async () => {
    const server = await serve(answer(type, image.manifest));
    expect(await at(server.host).findManifest('latest')).toEqual(describeBlob(image.manifest, mediaTypes.ociManifest));
  });

  test('names that would be other addresses are none', async () => {
    const repository = at('127.0.0.1:1');
    await expect(repository.readManifest('../../x')).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await expect(repository.findBlob('sha256:../x')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(() => client().repository('127.0.0.1:1', '../x')).toThrow('no name of a repository');
  });
});

describe('lists', () => {
  test('all pages of tags, also when the last one names itself', async () => {
    const server = await serve((request, response) => {
      const last = new URL(request.url ?? '', 'http://x').searchParams.get('last') ?? '';
      const next = { '': 'a', a: 'b', b: 'b' }[last] ?? '';
      const link = `<${last === 'a' ? `http://${request.headers.host}` : ''}/v2/ada/tools/tags/list?last=${next}>; rel="next"`;
      response.writeHead(200, { link }).end(JSON.stringify({ name: 'x', tags: [`tag-${last}`] }));
    });
    expect(await at(server.host).listTags()).toEqual(['tag-', 'tag-a', 'tag-b']);
  });

  test('a page on another server does not get our password', async () => {
    const other = await serve((_request, response) => response.end('{"tags": []}'));
    const server = await serve((request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end();
      else response.writeHead(200, { link: `<http://${other.host}/more>; rel="next"` }).end('{"tags": ["a"]}');
    });
    expect(await at(server.host, { credentials: ada }).listTags()).toEqual(['a']);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('where a registry is', () => {
  const hello: RequestListener = (_request, response) => response.end('{"tags": ["a"]}');

  test('loopback may be talked to in the open, or encrypted', async () => {
    expect(await at((await serve(hello)).host).listTags()).toEqual(['a']);
    const secure = await serve(hello, certificates);
    const net = { env: { SSL_CERT_FILE: certificates.authority } };
    expect(await at(secure.host, { net }).listTags()).toEqual(['a']);
  });

  test('a certificate that is not trusted is no reason to go on in the open', async () => {
    const secure = await serve(hello, certificates);
    await expect(at(secure.host).listTags()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('certificate') as unknown,
    });
    expect(secure.requests).toHaveLength(0);
  });

  test('others only if they are listed', async () => {
    const { host } = await serve(hello);
    const name = host.replace('127.0.0.1', 'localhost.localdomain');
    const hosts = { [name]: host };
    expect(await at(name, { hosts, insecure: [name] }).listTags()).toEqual(['a']);
    await expect(at('nobody.invalid', { retries: 0 }).listTags()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('a mirror is asked first, and left when it does not have it', async () => {
    const bytes = image.manifest;
    const mirror = await serve((request, response) => {
      if (request.url?.includes(`/cache/ada/tools/blobs/${digest}`)) response.end(content);
      else response.writeHead(404).end();
    });
    const server = await serve((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(200, { 'content-type': mediaTypes.ociManifest }).end(bytes);
    });
    const repository = at(server.host, { mirrors: { [server.host]: [`${mirror.host}/cache`] } });
    expect(await collect(repository.readBlob(digest))).toEqual(content);
    expect(server.requests.filter(({ url }) => url?.includes('blobs'))).toEqual([]);
    expect(await repository.readManifest('latest')).toMatchObject({ digest: image.digest });
    expect(mirror.requests.some(({ url }) => url === '/v2/cache/ada/tools/manifests/latest')).toBe(true);
  });

  test('a mirror that is gone is passed over', async () => {
    const server = await serve((request, response) => response.end(request.url === '/v2/' ? '{}' : content));
    const repository = at(server.host, { mirrors: { [server.host]: ['127.0.0.1:1'] }, retries: 0 });
    expect(await collect(repository.readBlob(digest))).toEqual(content);
  });

  test('offline asks nobody', async () => {
    const server = await serve(hello);
    await expect(at(server.host, { net: { offline: true } }).listTags()).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('tokens', () => {
  const withToken =
    (realm: string): RequestListener =>
    (request, response) => {
      if (request.headers.authorization === 'Bearer good') response.end('{"tags": ["a"]}');
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
    };

  test('one is fetched for many requests', async () => {
    const tokens = await serve((_request, response) => setTimeout(() => response.end('{"token": "good"}'), 30));
    const server = await serve(withToken(`http://${tokens.host}/token`));
    const repository = at(server.host, { credentials: ada });
    await Promise.all([repository.listTags(), repository.listTags(), repository.listTags()]);
    await repository.listTags();
    expect(tokens.requests).toHaveLength(1);
    const { searchParams } = new URL(tokens.requests[0]?.url ?? '', 'http://x');
    expect(Object.fromEntries(searchParams)).toEqual({
      service: 's',
      scope: 'repository:ada/tools:pull',
      account: 'ada',
    });
  });

  test('one that the registry does not take any more is fetched anew, once', async () => {
    let token = 'old';
    const tokens = await serve((_request, response) => response.end(JSON.stringify({ access_token: token })));
    const server = await serve(withToken(`http://${tokens.host}/token`));
    const repository = at(server.host);
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    token = 'good';
    expect(await repository.listTags()).toEqual(['a']);
    expect(tokens.requests).toHaveLength(2);
  });

  test('a password does not go in the open where the registry itself is encrypted', async () => {
    const tokens = await serve((_request, response) => response.end('{"token": "good"}'));
    const server = await serve(withToken(`http://${tokens.host}/token`), certificates);
    const net = { env: { SSL_CERT_FILE: certificates.authority } };
    await expect(at(server.host, { net, credentials: ada }).listTags()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(tokens.requests).toHaveLength(0);
    expect(await at(server.host, { net }).listTags()).toEqual(['a']);
  });

  test.each([
    ['no token', '{}'],
    ['an empty answer', ''],
    ['a page', '<html>'],
  ])('a token server that gives %s', async (_title, body) => {
    const tokens = await serve((_request, response) => response.end(body));
    const server = await serve(withToken(`http://${tokens.host}/token`));
    await expect(at(server.host).listTags()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

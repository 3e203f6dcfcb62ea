import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ada,
  at,
  closeLater,
  collect,
  content,
  digest,
  folderOf,
  ours,
  serve,
  source,
  startOf,
} from '../../../test/kit/registry/clients.ts';
import { type FakeServer, startBadLine } from '../../../test/kit/registry/fake-server.ts';
import { sha256Of } from '../../../test/kit/registry/image.ts';

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

  test.each([true, false])(
    'a stretch of it, also where the connection breaks; ranges are known: %s',
    async (honest) => {
      const server = await serve(breaking(honest ? [10_000] : [60_000], honest));
      const range = { start: 50_000, end: 99_999 };
      expect(await collect(at(server.host).readBlob(digest, { range }))).toEqual(content.subarray(50_000, 100_000));
      const asked = blobRequests(server).map(({ headers }) => headers.range);
      expect(asked).toEqual(['bytes=50000-99999', 'bytes=60000-99999']);
    },
  );

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
    const line = closeLater(await startBadLine(await ours('line'), [4_000_000, 1_500_000]));
    expect(await at(line.host).pushBlob(source(large))).toBe('sent');
    expect(await collect(at(line.host).readBlob(sha256Of(large)))).toEqual(large);
    expect(line.sent()).toBeLessThan(large.length * 1.6);
  });

  test('begins again where the registry has forgotten the upload', async () => {
    const host = await ours('forgetful');
    const line = closeLater(await startBadLine(host, [4_000_000]));
    let isRemoved = false;
    const forgetting = {
      ...source(large),
      open: async function* (start: number) {
        for await (const piece of source(large).open(start)) {
          if (line.sent() > 3_000_000 && !isRemoved) {
            isRemoved = true;
            await rm(join(folderOf('forgetful'), 'repositories/ada/tools/_uploads'), { recursive: true });
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

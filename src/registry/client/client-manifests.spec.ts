import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ada, at, client, digest, image, serve } from '../../../test/kit/registry/clients.ts';
import { describe as describeBlob } from '../../../test/kit/registry/image.ts';
import { mediaTypes } from '../../schema/index.ts';

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

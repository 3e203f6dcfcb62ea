import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ada, at, certificates, collect, content, digest, image, serve } from '../../../test/kit/registry/clients.ts';
import { mediaTypes } from '../../schema/index.ts';

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

  test('one in the open that is not listed is named, with what lists it', async () => {
    const { host } = await serve(hello);
    const name = host.replace('127.0.0.1', 'localhost.localdomain');
    await expect(
      at(name, { hosts: { [name]: host.replace('127.0.0.1', '0.0.0.0') } }).listTags(),
    ).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: `the registry \`${name}\` does not speak https`,
      hint: expect.stringContaining('TERROIR_INSECURE_REGISTRIES') as unknown,
    });
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

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { client, closeLater, ours, serve } from '../../../test/kit/registry/clients.ts';
import { startOwnRegistry } from '../../../test/kit/registry/docker-registry.ts';
import { sha256Of, smallImage } from '../../../test/kit/registry/image.ts';
import { rawRequest } from '../../../test/kit/registry/request.ts';
import { serveHttp } from '../../io/index.ts';
import type { RegistryClient } from '../client/client.ts';
import { createRegistryHandler } from '../server/handler.ts';
import type { Registry, Repository } from '../store/registry.ts';
import { createRemoteRegistry, type RemoteRegistryOptions } from './remote-registry.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-remote-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const open = (host: string, options: Partial<RemoteRegistryOptions> = {}, through?: RegistryClient): Registry =>
  createRemoteRegistry(through ?? client({ retries: 0 }), {
    host,
    prefix: 'team',
    folder: join(folder, 'spool'),
    ...options,
  });
const waiting = async (): Promise<string[]> => await readdir(join(folder, 'spool')).catch(() => []);
async function* stream(...pieces: string[]): AsyncIterableIterator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
}
const image = smallImage(['one']);
const push = async (repository: Repository, reference: string): Promise<void> => {
  for (const content of [image.config, ...image.layers]) await repository.addBlob(content);
  await repository.putManifest({ bytes: image.manifest, reference });
};

/** Passes on to our own registry what `answer` does not answer itself. */
const before = (host: string, answer: (...given: Parameters<RequestListener>) => boolean): RequestListener => {
  return (request, response) => {
    if (answer(request, response)) return;
    void (async () => {
      const body: Buffer[] = [];
      for await (const piece of request) body.push(piece as Buffer);
      const { method, headers } = request;
      const passed = Object.fromEntries(
        Object.entries(headers).filter(([name]) => !['host', 'connection', 'transfer-encoding'].includes(name)),
      ) as Record<string, string>;
      const given = await rawRequest(`http://${host}`, request.url ?? '', {
        method,
        headers: passed,
        body: Buffer.concat(body),
      });
      response.writeHead(given.status, given.headers).end(given.body);
    })().catch(() => response.destroy());
  };
};
const gone: RequestListener = (_request, response) => void response.destroy();

describe('what is known of blobs', () => {
  test('is not asked for again within a minute, but for what was not there', async () => {
    const server = await serve(before(await ours('asked'), () => false));
    const repository = open(server.host).repository('ada/tools');
    const asked = (): number => server.requests.filter(({ method }) => method === 'HEAD').length;
    const { digest } = await open(server.host).repository('ada/tools').addBlob(Buffer.from('one'));
    const start = asked();
    for (let time = 0; time < 3; time += 1) expect(await repository.findBlob(digest)).toEqual({ digest, size: 3 });
    expect(asked()).toBe(start + 1);
    for (let time = 0; time < 3; time += 1) expect(await repository.findBlob(sha256Of('two'))).toBeUndefined();
    expect(asked()).toBe(start + 4);
    await repository.deleteBlob(digest);
    expect(await repository.findBlob(digest)).toBeUndefined();
  });

  test('is forgotten when the registry refuses an image because of it', async () => {
    const host = await ours('forgotten');
    const repository = open(host).repository('ada/tools');
    await push(repository, 'first');
    await open(host).repository('ada/tools').deleteBlob(sha256Of('one'));
    const pushed = repository.putManifest({ bytes: image.manifest, reference: 'second' });
    await expect(pushed).rejects.toMatchObject({ code: 'INVALID_IMAGE', details: { oci: 'MANIFEST_BLOB_UNKNOWN' } });
    expect(await repository.findManifest('second')).toBeUndefined();
    await push(repository, 'second');
    expect(await repository.findManifest('second')).toBeDefined();
  });
});

describe('a registry that is not there', () => {
  test('is said to be unreachable', async () => {
    const server = await serve(gone);
    const repository = open(server.host).repository('ada/tools');
    const attempts: (() => Promise<unknown>)[] = [
      async () => await repository.findBlob(sha256Of('one')),
      async () => await repository.findManifest('latest'),
      async () => await repository.addBlob(Buffer.from('one')),
      async () => await repository.addBlob(stream('one')),
      async () => await repository.listTags(),
      async () => await repository.exists(),
      async () => await repository.deleteManifest('latest'),
      async () => await repository.mountBlob(sha256Of('one'), 'ada/other'),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(await waiting()).toEqual([]);
  });

  test('goes away in the middle: nothing is tagged, and nothing stays here', async () => {
    const there = await startOwnRegistry(join(folder, 'there'));
    closeLater({ close: there.stop });
    const repository = open(there.host).repository('ada/tools');
    await repository.addBlob(image.config);
    const breaking = async function* () {
      yield* stream('o', 'n');
      await there.stop();
      yield Buffer.from('e');
    };
    await expect(repository.addBlob(breaking(), sha256Of('one'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(repository.putManifest({ bytes: image.manifest, reference: 'latest' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    expect(await waiting()).toEqual([]);
    const again = await startOwnRegistry(join(folder, 'there'));
    closeLater({ close: again.stop });
    expect(await open(again.host).repository('ada/tools').listTags()).toEqual([]);
  });

  test('may be sent an upload once more when it is back', async () => {
    let isAway = true;
    const server = await serve(
      before(await ours('back'), (request, response) => {
        if (isAway) gone(request, response);
        return isAway;
      }),
    );
    const { uploads, findBlob } = open(server.host).repository('ada/tools');
    const id = await uploads.start();
    await uploads.append(id, { body: stream('one') });
    await expect(uploads.finish(id, sha256Of('one'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(await uploads.offset(id)).toBe(3);
    isAway = false;
    await uploads.finish(id, sha256Of('one'));
    expect(await findBlob(sha256Of('one'))).toBeDefined();
    expect(await waiting()).toEqual([]);
  });

  test('is 503 to the clients of ours, and its own refusals are no log-in for them', async () => {
    let status = 0;
    const server = await serve((request, response) => {
      if (status === 0) gone(request, response);
      else response.writeHead(status, { 'www-authenticate': 'Basic realm="there"' }).end();
    });
    const front = closeLater(await serveHttp(createRegistryHandler({ registry: open(server.host) })));
    const ask = async () => await rawRequest(front.url, `/v2/ada/tools/blobs/${sha256Of('one')}`);
    expect((await ask()).status).toBe(503);
    for (const [there, here] of [
      [500, 503],
      [401, 500],
      [403, 500],
    ] as const) {
      status = there;
      const { status: answered, headers } = await ask();
      expect([answered, headers['www-authenticate']]).toEqual([here, undefined]);
    }
  });
});

describe('uploads', () => {
  test('are unknown to another machine', async () => {
    const host = await ours('two');
    const id = await open(host).repository('ada/tools').uploads.start();
    const { uploads } = open(host, { folder: join(folder, 'other') }).repository('ada/tools');
    await expect(uploads.offset(id)).rejects.toMatchObject({ details: { oci: 'BLOB_UPLOAD_UNKNOWN' } });
  });

  test('of processes that were killed are removed when they are old', async () => {
    const host = await ours('killed');
    await mkdir(join(folder, 'spool'));
    const [old, young] = ['0123456789abcdef', 'fedcba9876543210'].map((start) => `${start}-${randomUUID()}`) as [
      string,
      string,
    ];
    for (const name of [old, young, 'of-somebody-else']) {
      await writeFile(join(folder, 'spool', name), 'begun');
      if (name !== young) await utimes(join(folder, 'spool', name), 1, 1);
    }
    const registry = open(host);
    expect(await registry.measure()).toEqual({ count: 2, bytes: 10 });
    expect(await registry.collectGarbage({ dryRun: true })).toMatchObject({ uploads: 1, bytes: 5 });
    expect(await waiting()).toHaveLength(3);
    await registry.repository('ada/tools').uploads.start();
    await expect.poll(waiting).not.toContain(old);
    expect(await waiting()).toEqual(expect.arrayContaining([young, 'of-somebody-else']));
    await utimes(join(folder, 'spool', young), 1, 1);
    expect(await registry.collectGarbage()).toMatchObject({ uploads: 1, bytes: 5 });
  });
});

describe('a registry that does not do everything', () => {
  const options = { grace: 0, isLoose: () => true };

  test('may refuse deletions', async () => {
    const server = await serve(
      before(await ours('no-delete'), ({ method }, response) => {
        if (method === 'DELETE') response.writeHead(405).end('{"errors":[{"code":"UNSUPPORTED"}]}');
        return method === 'DELETE';
      }),
    );
    const registry = open(server.host);
    const repository = registry.repository('ada/tools');
    await push(repository, 'latest');
    const refused = { details: { oci: 'UNSUPPORTED', status: 405 } };
    await expect(repository.deleteManifest(image.digest)).rejects.toMatchObject(refused);
    await expect(repository.deleteBlob(sha256Of('one'))).rejects.toMatchObject(refused);
    expect(await registry.collectGarbage(options)).toMatchObject({ manifests: 0 });
    expect(await repository.findManifest('latest')).toBeDefined();
  });

  test.each([401, 403, 404, 405])('may show its repositories to nobody: %i', async (status) => {
    const server = await serve(
      before(await ours(`no-catalog-${status}`), ({ url }, response) => {
        const isCatalog = url?.startsWith('/v2/_catalog') === true;
        if (isCatalog) response.writeHead(status).end();
        return isCatalog;
      }),
    );
    const registry = open(server.host);
    await push(registry.repository('ada/tools'), 'latest');
    await expect(Array.fromAsync(registry.repositories())).rejects.toMatchObject({ details: { oci: 'UNSUPPORTED' } });
    expect(await registry.collectGarbage(options)).toMatchObject({ manifests: 0 });
  });

  test('may not mount: then the upload that it began is given up', async () => {
    let canceled = 0;
    const host = await ours('no-mount');
    const server = await serve(
      before(host, (request, response) => {
        if (request.method === 'DELETE') canceled += 1;
        if (request.url?.includes('mount=') !== true) return false;
        response.writeHead(202, { location: '/v2/team/ada/tools/blobs/uploads/1' }).end();
        return true;
      }),
    );
    const registry = open(server.host);
    const { digest } = await registry.repository('ada/from').addBlob(Buffer.from('one'));
    expect(await registry.repository('ada/tools').mountBlob(digest, 'ada/from')).toBe(false);
    expect(canceled).toBe(1);
  });
});

test('what loose tags name goes after the grace, and only if it is loose all the time', async () => {
  const host = await ours('loose');
  const registry = open(host, { grace: 50 });
  const repository = registry.repository('terroir/bases');
  await push(repository, 'a');
  let isLoose = true;
  const collect = async () => (await registry.collectGarbage({ isLoose: () => isLoose })).manifests;
  expect(await collect()).toBe(0);
  isLoose = false;
  expect(await collect()).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  isLoose = true;
  expect(await collect()).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  // Another process goes on with what this one noted.
  const { manifests } = await open(host, { grace: 50 }).collectGarbage({ isLoose: () => true });
  expect(manifests).toBe(1);
  expect(await repository.findManifest('a')).toBeUndefined();
});

test('repositories are below the prefix, whose length counts', async () => {
  const host = await ours('prefix');
  const all = open(host, { prefix: '' });
  await push(all.repository('teams/tools'), 'latest');
  await push(open(host).repository('tools'), 'latest');
  expect(await Array.fromAsync(open(host).repositories())).toEqual(['tools']);
  expect(await Array.fromAsync(all.repositories())).toEqual(['team/tools', 'teams/tools']);
  expect(open(host).root).toBe(`${host}/team`);
  expect(all.root).toBe(host);
  expect(() => open(host).repository('a'.repeat(251))).toThrow(
    expect.objectContaining({ code: 'INVALID_NAME' }) as Error,
  );
});

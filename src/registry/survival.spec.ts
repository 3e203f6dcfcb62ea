import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { request as open } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RegistryProcess, startOwnRegistry } from '../../test/kit/registry/docker-registry.ts';
import { sha256Of, smallImage } from '../../test/kit/registry/image.ts';
import { type RawRequest, rawRequest } from '../../test/kit/registry/request.ts';
import { createHttp, type Http } from '../io/index.ts';
import { mediaTypes } from '../schema/index.ts';
import { createRegistryClient } from './client/client.ts';
import { readManifest } from './store/read-manifest.ts';
import { createRegistry } from './store/registry.ts';

let folder: string;
let root: string;
let server: RegistryProcess;
let printed = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-registry-survival-'));
  root = join(folder, 'registry');
  await start();
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(port?: number): Promise<void> {
  server = await startOwnRegistry(root, port);
  printed = '';
  server.child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
}

const ask = async (path: string, options?: RawRequest) => await rawRequest(server.url, path, options);
const pathOf = (digest: string): string => join(root, 'blobs/sha256', digest.slice(7, 9), digest.slice(7));
const pushBlob = async (content: Buffer): Promise<string> => {
  const digest = sha256Of(content);
  const pushed = await ask(`/v2/ada/tools/blobs/uploads/?digest=${digest}`, { method: 'POST', body: content });
  expect(pushed.status).toBe(201);
  return digest;
};
const filesIn = async (path: string): Promise<string[]> => await readdir(join(root, path)).catch(() => []);

describe('kill -9', () => {
  const kills = 8;

  /** Whatever can be seen is whole. */
  const expectNothingHalf = async (): Promise<void> => {
    const registry = createRegistry(root);
    expect(await registry.verify()).toMatchObject({ damaged: [] });
    const repository = registry.repository('ada/tools');
    for (const tag of await repository.listTags()) {
      const manifest = await repository.findManifest(tag);
      if (manifest === undefined) throw new Error(`${tag} leads nowhere`);
      const { references } = readManifest(await repository.readManifest(manifest), manifest.mediaType);
      for (const { digest, size } of references) expect(await repository.findBlob(digest)).toEqual({ digest, size });
    }
  };
  const pushing = (seed: number): ChildProcess => {
    const program = join(import.meta.dirname, '../../test/kit/registry/push-child.ts');
    return spawn(process.execPath, [program, server.host, String(seed), '5000000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  const begun = async ({ stdout }: ChildProcess): Promise<void> => {
    await new Promise((resolve) => stdout?.once('data', resolve));
  };
  const kill = async (child: ChildProcess): Promise<void> => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  };

  test('of the server, again and again: what is tagged is whole, and clients go on', async () => {
    const { port } = new URL(server.url);
    const clients = [1, 2].map(pushing);
    await Promise.all(clients.map(begun));
    for (let count = 0; count < kills; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400));
      await kill(server.child);
      await expectNothingHalf();
      await start(Number(port));
    }
    const tags = async () => await createRegistry(root).repository('ada/tools').listTags();
    const both = [expect.stringContaining('tag-1'), expect.stringContaining('tag-2')];
    await expect.poll(tags, { timeout: 60_000 }).toEqual(expect.arrayContaining(both));
    await Promise.all(clients.map(kill));
    await expectNothingHalf();
  });

  test('of clients: what they did not finish is never seen', async () => {
    for (let seed = 0; seed < kills; seed += 1) {
      const client = pushing(seed);
      await begun(client);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      await kill(client);
    }
    await expectNothingHalf();
    const uploads = await filesIn('repositories/ada/tools/_uploads');
    await createRegistry(root, { uploadLifetime: 0, grace: -1 }).collectGarbage();
    expect(await filesIn('repositories/ada/tools/_uploads')).toEqual([]);
    expect(uploads.length).toBeLessThan(kills + 1);
    await expectNothingHalf();
  });
});

describe('damage on the disk', () => {
  const content = randomBytes(3_000_000);
  let http: Http;
  beforeEach(() => {
    http = createHttp({ env: {} });
  });
  afterEach(async () => await http.close());
  const damage = async (digest: string, how: (path: string) => Promise<void>): Promise<void> => {
    await chmod(pathOf(digest), 0o644);
    await how(pathOf(digest));
  };
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };

  test.each([
    ['the last bit is another', flip],
    ['the end is missing', async (path: string) => await truncate(path, 2_900_000)],
    ['all is gone but the name', async (path: string) => await truncate(path, 0)],
  ])('%s: nobody gets the whole of it, and a new push heals it', async (_title, how) => {
    const digest = await pushBlob(content);
    await damage(digest, how);
    const got = await ask(`/v2/ada/tools/blobs/${digest}`).catch((error: unknown) => error);
    const bytes = got instanceof Error ? undefined : (got as { body: Buffer }).body;
    expect(bytes === undefined || bytes.length < content.length).toBe(true);
    await expect.poll(() => printed).toContain(`damaged ${digest}`);
    expect((await ask(`/v2/ada/tools/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    expect(await filesIn('damaged')).toEqual([expect.stringContaining(digest.slice(7))]);
    await pushBlob(content);
    expect((await ask(`/v2/ada/tools/blobs/${digest}`)).body).toEqual(content);
  });

  test('is found before the first byte where a stretch is asked for', async () => {
    const digest = await pushBlob(content);
    await damage(digest, flip);
    const got = await ask(`/v2/ada/tools/blobs/${digest}`, { headers: { range: 'bytes=0-9' } });
    expect(got.status).toBe(404);
    expect(printed).toContain(`damaged ${digest}`);
  });

  test('is found by our client too, which keeps nothing', async () => {
    const digest = await pushBlob(content);
    await damage(digest, flip);
    const findCredentials = async () => await Promise.resolve({ credentials: undefined });
    const repository = createRegistryClient({ http, findCredentials, retries: 0 }).repository(server.host, 'ada/tools');
    const read = async (): Promise<void> => {
      for await (const _ of repository.readBlob(digest)) void _;
    };
    await expect(read()).rejects.toMatchObject({
      code: expect.stringMatching(/IMAGE_NOT_FOUND|UNREACHABLE/) as unknown,
    });
  });

  test('of a manifest is an error, not another image', async () => {
    const image = smallImage([]);
    await pushBlob(image.config);
    const headers = { 'content-type': mediaTypes.ociManifest };
    await ask('/v2/ada/tools/manifests/latest', { method: 'PUT', headers, body: image.manifest });
    await damage(image.digest, flip);
    expect((await ask('/v2/ada/tools/manifests/latest')).status).toBe(500);
    await ask('/v2/ada/tools/manifests/latest', { method: 'PUT', headers, body: image.manifest });
    expect((await ask('/v2/ada/tools/manifests/latest')).body).toEqual(image.manifest);
  });

  test('is found by a look at everything', async () => {
    const digest = await pushBlob(content);
    await pushBlob(Buffer.from('sound'));
    await damage(digest, flip);
    const { checked, damaged } = await createRegistry(root).verify();
    expect(checked).toBe(2);
    expect(damaged.map((each) => each.digest)).toEqual([digest]);
  });
});

describe('a full disk', () => {
  let disk = '';
  beforeEach(async () => {
    disk = join(folder, 'disk');
    await mkdir(disk);
  });
  afterEach(async () => {
    await server.stop();
    execFileSync('umount', [disk]);
  });

  test.skipIf(process.getuid?.() !== 0)('is said, nothing half is kept, and small things still fit', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
    await server.stop();
    root = join(disk, 'registry');
    await start();
    const large = randomBytes(4_000_000);
    const refused = await ask(`/v2/ada/tools/blobs/uploads/?digest=${sha256Of(large)}`, {
      method: 'POST',
      body: large,
    });
    expect(refused.status).toBe(507);
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      errors: [{ message: 'the disk of the registry is full' }],
    });
    expect(await filesIn('repositories/ada/tools/_uploads')).toEqual([]);
    expect(await filesIn('blobs')).toEqual([]);
    const digest = await pushBlob(randomBytes(1_000_000));
    expect((await ask(`/v2/ada/tools/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('a large blob', () => {
  test('takes no more memory than a small one', async () => {
    const size = 250_000_000;
    const piece = randomBytes(1 << 20);
    const started = await ask('/v2/ada/tools/blobs/uploads/', { method: 'POST' });
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    const { hostname, port } = new URL(server.url);
    const request = open({ hostname, port, method: 'PATCH', path: started.headers.location, agent: false });
    const answered = new Promise<number>((resolve, reject) => {
      request.on('response', (response) => resolve(response.resume().statusCode ?? 0));
      request.on('error', reject);
    });
    for (let sent = 0; sent < size; sent += piece.length) {
      hash.update(piece);
      if (!request.write(piece)) await new Promise((resolve) => request.once('drain', resolve));
    }
    request.end();
    expect(await answered).toBe(202);
    const digest = `sha256:${hash.digest('hex')}`;
    expect((await ask(`${started.headers.location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
    const received = await new Promise<number>((resolve, reject) => {
      let count = 0;
      open({ hostname, port, path: `/v2/ada/tools/blobs/${digest}`, agent: false }, (response) => {
        response.on('data', (chunk: Buffer) => {
          count += chunk.length;
        });
        response.on('end', () => resolve(count));
      })
        .on('error', reject)
        .end();
    });
    expect(received).toBeGreaterThanOrEqual(size);
    const peak = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1000;
    expect(peak).toBeLessThan(300);
  });
});

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../../src/io/index.ts';
import { createDockerCredentials, createRegistryClient, type RegistryClient } from '../../../src/registry/index.ts';
import { type Role, roles } from '../../../src/schema/index.ts';
import { sha256Of, smallImage } from '../../kit/registry/image.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const image = smallImage(['layer one', 'layer two']);
const oci = 'application/vnd.oci.image.manifest.v1+json';

describe('the registry on the server’s port', () => {
  let server: TestServer;
  let folder: string;
  let host: string;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { failures: 1000, patience: 1500 } });
    folder = await mkdtemp(join(tmpdir(), 'terroir-registry-'));
    host = new URL(server.url).host;
    await push(clientWith(server.tokens.contributor));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const clientWith = (token: string, kind: 'password' | 'registry-token' = 'password'): RegistryClient =>
    createRegistryClient({
      http: createHttp({ env: {} }),
      findCredentials: async () =>
        await Promise.resolve({
          credentials: kind === 'password' ? { kind, user: 'whoever', password: token } : { kind, token },
        }),
    });
  const push = async (client: RegistryClient): Promise<void> => {
    const repository = client.repository(host, 'team/tools');
    for (const content of [image.config, ...image.layers]) {
      const open = async function* (start: number): AsyncIterable<Uint8Array> {
        yield await Promise.resolve(content.subarray(start));
      };
      await repository.pushBlob({ digest: sha256Of(content), size: content.length, open });
    }
    await repository.pushManifest({ bytes: image.manifest, reference: '1.0' });
  };
  const skopeo = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    await new Promise((resolve) => {
      const env = { PATH: process.env.PATH, HOME: folder, REGISTRY_AUTH_FILE: join(folder, 'auth.json') };
      execFile('skopeo', ['--insecure-policy', ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  const login = async (token: string) =>
    await skopeo('login', '--tls-verify=false', '--username', 'ann', '--password', token, host);
  const trail = async (action: string): Promise<Record<string, unknown>[]> =>
    (await server.call(`GET /api/v1/audit?action=${action}`, { token: server.tokens.admin })).body.items;

  it('lets skopeo log in with a token, copy out and copy in; the digest stays', async () => {
    expect(await login(server.tokens.contributor)).toMatchObject({ code: 0 });
    const layout = `oci:${join(folder, 'layout')}:x`;
    const out = await skopeo('copy', '--src-tls-verify=false', `docker://${host}/team/tools:1.0`, layout);
    expect(out).toMatchObject({ code: 0 });
    const back = await skopeo('copy', '--dest-tls-verify=false', layout, `docker://${host}/team/copy:2`);
    expect(back).toMatchObject({ code: 0 });
    const seen = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${host}/team/copy:2`);
    expect(sha256Of(seen.stdout)).toBe(image.digest);
    expect(await trail('registry.pull')).toContainEqual(
      expect.objectContaining({ user: 'a contributor', subject: 'team/tools:1.0', outcome: 'done' }),
    );
    expect(await trail('registry.push')).toContainEqual(
      expect.objectContaining({ user: 'a contributor', subject: 'team/copy:2', outcome: 'done' }),
    );
  });

  it('is where our own client finds what `skopeo login` left', async () => {
    expect(await login(server.tokens.reader)).toMatchObject({ code: 0 });
    const findCredentials = createDockerCredentials({
      env: { REGISTRY_AUTH_FILE: join(folder, 'auth.json') },
      home: folder,
    });
    const client = createRegistryClient({ http: createHttp({ env: {} }), findCredentials });
    const found = await client.repository(host, 'team/tools').readManifest('1.0');
    expect(found.digest).toBe(image.digest);
  });

  it('refuses a wrong token', async () => {
    expect(await login('nonsense')).toMatchObject({ code: 1, stderr: expect.stringMatching(/unauthorized|password/) });
    const refused = clientWith('nonsense').repository(host, 'team/tools').findManifest('1.0');
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const bare = await server.call('GET /v2/');
    expect(bare.status).toBe(401);
    expect(bare.headers.get('www-authenticate')).toBe('Basic realm="terroir"');
    expect(bare.body).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  });

  it('takes tokens as Bearer too', async () => {
    const bearer = await server.call('GET /v2/team/tools/tags/list', { token: server.tokens.reader });
    expect(bearer).toMatchObject({ status: 200, body: { name: 'team/tools', tags: ['1.0'] } });
    const client = clientWith(server.tokens.reader, 'registry-token');
    expect(await client.repository(host, 'team/tools').findManifest('1.0')).toMatchObject({ digest: image.digest });
    const inspect = ['inspect', '--tls-verify=false', '--raw', '--registry-token', server.tokens.reader];
    expect(await skopeo(...inspect, `docker://${host}/team/tools:1.0`)).toMatchObject({ code: 0 });
  });

  describe.each<[string, string, Role]>([
    ['pulling a manifest', 'GET /v2/team/tools/manifests/1.0', 'reader'],
    ['pulling a blob', `GET /v2/team/tools/blobs/${sha256Of('layer one')}`, 'reader'],
    ['listing', 'GET /v2/_catalog', 'reader'],
    ['pushing a manifest', 'PUT /v2/team/tools/manifests/2.0', 'contributor'],
    ['beginning an upload', 'POST /v2/team/tools/blobs/uploads/', 'contributor'],
    ['deleting a tag', 'DELETE /v2/team/tools/manifests/2.0', 'admin'],
    ['deleting a blob', `DELETE /v2/team/other/blobs/${sha256Of('layer one')}`, 'admin'],
  ])('%s', (_title, what, wanted) => {
    it.each(roles)('as a %s', async (role) => {
      const sends = what.startsWith('PUT');
      const { status, body } = await server.call(what, {
        token: server.tokens[role],
        raw: sends ? image.manifest.toString() : undefined,
        headers: sends ? { 'content-type': oci } : {},
      });
      if (roles.indexOf(role) >= roles.indexOf(wanted)) expect([200, 201, 202, 404]).toContain(status);
      else expect([status, body.errors[0].code]).toEqual([403, 'DENIED']);
    });
  });

  it('leaves deletions and what was denied in the audit trail', async () => {
    await server.call('PUT /v2/team/tools/manifests/gone', {
      token: server.tokens.admin,
      raw: image.manifest.toString(),
      headers: { 'content-type': oci },
    });
    await server.call('DELETE /v2/team/tools/manifests/gone', { token: server.tokens.reader });
    await server.call('DELETE /v2/team/tools/manifests/gone', { token: server.tokens.admin });
    const [done, denied] = await trail('registry.delete');
    expect(done).toMatchObject({ user: 'a admin', subject: 'team/tools:gone', outcome: 'done' });
    expect(denied).toMatchObject({
      user: 'a reader',
      subject: '/v2/team/tools/manifests/gone',
      outcome: 'PERMISSION_DENIED',
    });
    const log = server.log.join('');
    for (const role of roles) expect(log).not.toContain(server.tokens[role].slice(-43));
  });

  it('ends an upload that stops coming', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      `PUT /v2/team/tools/manifests/slow HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${server.tokens.contributor}\r\n` +
        `content-type: ${oci}\r\ncontent-length: 1000\r\n\r\n{`,
    );
    socket.on('error', () => undefined);
    const began = performance.now();
    await once(socket.resume(), 'close');
    expect(performance.now() - began).toBeLessThan(6000);
  });

  it('keeps what it holds where the workspace’s images are', async () => {
    const tag = join(server.app.workspaceFolder, 'registry', 'repositories', 'team', 'tools', '_tags', '1.0.json');
    expect(await readFile(tag, 'utf8')).toContain(image.digest);
  });
});

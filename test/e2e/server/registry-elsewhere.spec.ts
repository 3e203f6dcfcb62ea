import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectGarbage, openWorkspaceRegistry, showCache } from '../../../src/app/index.ts';
import { createHttp } from '../../../src/io/index.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/registry/index.ts';
import { type PostgresServer, startPostgres } from '../../kit/postgres.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { sha256Of, smallImage } from '../../kit/registry/image.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const image = smallImage(['layer one', 'layer two']);

describe('the registry of servers whose images are in another registry', () => {
  let folder: string;
  let postgres: PostgresServer;
  let there: RegistryProcess;
  let [one, two] = [] as unknown as [TestServer, TestServer];
  const http = createHttp({ env: {} });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-elsewhere-'));
    postgres = await startPostgres();
    there = await startDockerRegistry({ root: join(folder, 'there') });
    const env = { TERROIR_DATABASE: await postgres.createDatabase(), TERROIR_REGISTRY: `${there.host}/team/ml` };
    one = await createTestServer({ withTokens: true, env });
    two = await createTestServer({ env });
  });
  afterAll(async () => {
    await http.close();
    await two.close();
    await one.close();
    await there.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const clientWith = (token: string): RegistryClient =>
    createRegistryClient({
      http,
      findCredentials: async () =>
        await Promise.resolve({ credentials: { kind: 'password', user: 'whoever', password: token } }),
    });
  const hostOf = ({ url }: TestServer): string => new URL(url).host;
  const push = async (token: string, tag: string): Promise<void> => {
    const repository = clientWith(token).repository(hostOf(one), 'ann/tools');
    for (const content of [image.config, ...image.layers]) {
      const open = async function* (start: number): AsyncIterable<Uint8Array> {
        yield await Promise.resolve(content.subarray(start));
      };
      await repository.pushBlob({ digest: sha256Of(content), size: content.length, open });
    }
    await repository.pushManifest({ bytes: image.manifest, reference: tag });
  };
  const skopeo = async (...args: string[]): Promise<{ code: number; stderr: string }> =>
    await new Promise((resolve) => {
      const env = { PATH: process.env.PATH, HOME: folder };
      execFile(
        'skopeo',
        ['--insecure-policy', 'copy', '--preserve-digests', ...args],
        { env },
        (error, _stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stderr }),
      );
    });

  it('takes in what is pushed to one, and the other gives it out', async () => {
    await push(one.tokens.contributor, '1');
    const pulled = await clientWith(one.tokens.reader).repository(hostOf(two), 'ann/tools').readManifest('1');
    expect(pulled.digest).toBe(image.digest);
    const direct = await clientWith('').repository(there.host, 'team/ml/ann/tools').listTags();
    expect(direct).toEqual(['1']);
    const repositories = await two.call('GET /v2/_catalog', { token: one.tokens.reader });
    expect(repositories.body).toEqual({ repositories: ['ann/tools'] });
    // What is there besides images is not for everybody.
    const contents = await two.call('GET /v2/contents/tags/list', { token: one.tokens.admin });
    expect([contents.status, contents.body.errors[0].code]).toEqual([400, 'NAME_INVALID']);
    const credentials = (kind: string): string => `--${kind}-creds=whoever:${one.tokens.contributor}`;
    const layout = `oci:${join(folder, 'layout')}:x`;
    const copy = `docker://${hostOf(one)}/ann/copy:2`;
    expect(
      await skopeo('--src-tls-verify=false', credentials('src'), `docker://${hostOf(two)}/ann/tools:1`, layout),
    ).toMatchObject({ code: 0 });
    expect(await skopeo('--dest-tls-verify=false', credentials('dest'), layout, copy)).toMatchObject({
      code: 0,
    });
    const copied = await two.call('GET /v2/ann/copy/manifests/2', { token: one.tokens.reader });
    expect(sha256Of(copied.text)).toBe(image.digest);
  });

  it('asks for tokens, goes by roles, and writes the audit trail', async () => {
    await expect(push('nonsense', '2')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(push(one.tokens.reader, '2')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const byTag = await one.call('DELETE /v2/ann/tools/manifests/1', { token: one.tokens.admin });
    // Debian's version of Docker's registry removes whole images only.
    expect([byTag.status, byTag.body.errors[0].code]).toEqual([405, 'UNSUPPORTED']);
    const trail = await two.call('GET /api/v1/audit?action=registry.push', { token: one.tokens.admin });
    expect(trail.body.items).toContainEqual(
      expect.objectContaining({ user: 'a contributor', subject: 'ann/tools:1', outcome: 'done' }),
    );
  });

  it('leaves nothing on the machine, and `cache` works', async () => {
    const { registry } = await showCache(one.app);
    expect(registry).toEqual({ root: `${there.host}/team/ml`, count: 0, bytes: 0 });
    const garbage = await collectGarbage(one.app, { olderThanDays: 1, dryRun: false });
    expect(garbage.registry).toEqual({ removed: 0, bytes: 0, manifests: 0, unlinked: 0, uploads: 0 });
    const files = await readdir(join(one.app.workspaceFolder, 'registry'), { recursive: true }).catch(() => []);
    expect(files.filter((name) => /[0-9a-f]{64}$|repositories/.test(name))).toEqual([]);
    expect(await openWorkspaceRegistry(one.app)).toBe(await openWorkspaceRegistry(one.app));
  });
});

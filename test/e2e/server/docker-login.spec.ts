import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../../src/io/index.ts';
import { createRegistryClient } from '../../../src/registry/index.ts';
import { makeBase } from '../../kit/base-image.ts';
import { type DockerDaemon, startDockerDaemon } from '../../kit/docker-daemon.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const daemon: DockerDaemon | undefined = await startDockerDaemon();

describe.skipIf(daemon === undefined)(
  'docker, with a token as its password (where a Docker daemon starts)',
  { timeout: 60_000 },
  () => {
    let server: TestServer;
    let folder: string;
    let host: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'terroir-docker-login-'));
      server = await createTestServer({ withTokens: true });
      host = new URL(server.url).host;
      const image = await makeBase({ layers: [[{ name: 'etc/' }, { name: 'etc/hello', content: 'hello' }]] });
      const password = server.tokens.contributor;
      const client = createRegistryClient({
        http: createHttp({ env: {} }),
        findCredentials: async () =>
          await Promise.resolve({ credentials: { kind: 'password', user: 'whoever', password } as const }),
      });
      const repository = client.repository(host, 'team/base');
      for (const { digest, size, bytes } of image.blobs) {
        const open = async function* (start: number): AsyncIterable<Uint8Array> {
          yield await Promise.resolve(bytes.subarray(start));
        };
        await repository.pushBlob({ digest, size, open });
      }
      await repository.pushManifest({ bytes: image.manifest.bytes, reference: '1' });
    }, 60_000);
    afterAll(async () => {
      await daemon?.stop();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    /** As a person of their own, with a configuration of their own. */
    const docker = async (who: string, args: readonly string[], input = ''): Promise<{ code: number; text: string }> =>
      await new Promise((resolve) => {
        const env = {
          PATH: process.env.PATH,
          DOCKER_HOST: daemon?.host,
          DOCKER_CONFIG: join(folder, who),
          HOME: folder,
        };
        const child = execFile('docker', args, { env }, (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), text: stdout + stderr }),
        );
        child.stdin?.end(input);
      });
    const login = async (who: string, token: string) =>
      await docker(who, ['login', '--username', who, '--password-stdin', host], token);
    const trail = async (action: string): Promise<{ user: string; subject: string; outcome: string }[]> =>
      (await server.call(`GET /api/v1/audit?action=${action}`, { token: server.tokens.admin })).body.items;

    it('lets nobody in without one, or with a wrong one', async () => {
      expect((await docker('nobody', ['pull', `${host}/team/base:1`])).code).not.toBe(0);
      const { code, text } = await login('nobody', `terroir_${'0'.repeat(12)}_${'x'.repeat(43)}`);
      expect(code).not.toBe(0);
      expect(text).toMatch(/unauthorized|401|incorrect/i);
    });

    it('pulls as a reader, and may not push', async () => {
      expect(await login('reader', server.tokens.reader)).toMatchObject({
        code: 0,
        text: expect.stringContaining('Login Succeeded'),
      });
      const pulled = await docker('reader', ['pull', '--quiet', `${host}/team/base:1`]);
      expect(pulled, pulled.text).toMatchObject({ code: 0 });
      await docker('reader', ['tag', `${host}/team/base:1`, `${host}/team/stolen:1`]);
      const pushed = await docker('reader', ['push', '--quiet', `${host}/team/stolen:1`]);
      expect(pushed.code).not.toBe(0);
      expect(pushed.text).toMatch(/denied|unauthorized|forbidden/i);
      expect((await trail('registry.pull')).map(({ user }) => user)).toContain('a reader');
      expect((await server.call('GET /v2/team/stolen/tags/list', { token: server.tokens.reader })).status).toBe(404);
    });

    it('pushes as a contributor, what another one then pulls', async () => {
      expect((await login('contributor', server.tokens.contributor)).code).toBe(0);
      const made =
        (await docker('contributor', ['create', `${host}/team/base:1`, 'true'])).text.trim().split('\n').at(-1) ?? '';
      await docker('contributor', ['commit', '--message', 'changed', made, `${host}/team/new:2`]);
      const pushed = await docker('contributor', ['push', '--quiet', `${host}/team/new:2`]);
      expect(pushed, pushed.text).toMatchObject({ code: 0 });
      await docker('contributor', ['rm', made]);
      await docker('contributor', ['rmi', '--force', `${host}/team/new:2`]);
      const pulled = await docker('reader', ['pull', '--quiet', `${host}/team/new:2`]);
      expect(pulled, pulled.text).toMatchObject({ code: 0 });
      expect(await trail('registry.push')).toContainEqual(
        expect.objectContaining({
          user: 'a contributor',
          subject: expect.stringContaining('team/new'),
          outcome: 'done',
        }),
      );
    });

    it('is let out again', async () => {
      expect((await docker('reader', ['logout', host])).code).toBe(0);
      expect(JSON.parse(await readFile(join(folder, 'reader/config.json'), 'utf8'))).toMatchObject({ auths: {} });
      expect((await docker('reader', ['pull', `${host}/team/base:1`])).code).not.toBe(0);
    });
  },
);

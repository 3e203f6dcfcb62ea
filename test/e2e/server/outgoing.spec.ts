import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildRecord } from '../../../src/schema/index.ts';
import { type Certificates, makeCertificates } from '../../kit/certificates.ts';
import { type Proxy, startProxy } from '../../kit/proxy.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox } from '../../kit/sandbox.ts';
import { startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';

interface Front {
  host: string;
  close(): Promise<void>;
}

/** Speaks https for a server that does not. */
async function startFront(target: string, { key, cert }: Certificates): Promise<Front> {
  const front = createSecureServer({ key, cert }, (incoming, response) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' };
    const outgoing = request(new URL(incoming.url ?? '', target), { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(front.address() as AddressInfo).port}`,
    close: async () => {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}

describe('a server in a company: a proxy, and a certificate authority of its own', { timeout: 120_000 }, () => {
  let folder: string;
  let certificates: Certificates;
  let proxy: Proxy;
  let registry: RegistryProcess;
  let index: PypiIndex;
  let fronts: { registry: Front; index: Front };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-outgoing-'));
    certificates = makeCertificates(folder);
    proxy = await startProxy({ user: 'ann', password: 'sesame' });
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushBase(`${registry.host}/base:1`);
    index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
    fronts = {
      registry: await startFront(registry.url, certificates),
      index: await startFront(new URL(index.url).origin, certificates),
    };
  }, 60_000);
  afterAll(async () => {
    await fronts.registry.close();
    await fronts.index.close();
    await index.close();
    await registry.stop();
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  });

  const build = async (env: Record<string, string>): Promise<{ record: BuildRecord; log: string }> => {
    const sandbox = await createSandbox({ index: `https://${fronts.index.host}/simple`, env });
    const served = await startServe(sandbox);
    const send = async (path: string, body: object): Promise<unknown> => {
      const answer = await fetch(`${served.url}/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return await answer.json();
    };
    try {
      const text = `name: iris\nimage: ${fronts.registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`;
      await send('/environments', { definition: { text } });
      const { id } = (await send('/builds', { environment: 'iris' })) as BuildRecord;
      for (;;) {
        const record = (await (await fetch(`${served.url}/api/v1/builds/${id}`)).json()) as BuildRecord;
        if (record.endedAt !== null) {
          await served.stop();
          return { record, log: (await served.outcome).stderr };
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      await served.stop();
      await sandbox.remove();
    }
  };

  it.each(['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'])(
    'goes through the proxy, to whom %s vouches for',
    async (variable) => {
      proxy.seen.length = 0;
      const { record, log } = await build({ HTTPS_PROXY: proxy.url, [variable]: certificates.authority });
      expect(record, JSON.stringify(record.error)).toMatchObject({
        status: 'Completed',
        images: [{ source: 'built' }],
      });
      for (const { host } of [fronts.registry, fronts.index]) expect(proxy.seen).toContain(`CONNECT ${host}`);
      expect(log).not.toContain('sesame');
    },
  );

  it('says which certificate it does not know, and what to do', async () => {
    const { record } = await build({ HTTPS_PROXY: proxy.url });
    expect(record).toMatchObject({
      status: 'Failed',
      error: { code: 'UNREACHABLE', hint: expect.stringContaining('SSL_CERT_FILE') },
    });
    expect(JSON.stringify(record)).not.toContain('sesame');
  });
});

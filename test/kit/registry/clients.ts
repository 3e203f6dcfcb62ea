import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createHttp, type HttpOptions, serveHttp } from '../../../src/io/index.ts';
import {
  createRegistryClient,
  type RegistryClientOptions,
  type RemoteRepository,
} from '../../../src/registry/client/client.ts';
import type { Credentials } from '../../../src/registry/client/docker-credentials.ts';
import { createRegistryHandler } from '../../../src/registry/server/handler.ts';
import { createRegistry } from '../../../src/registry/store/registry.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { type FakeServer, startFakeServer } from './fake-server.ts';
import { sha256Of, smallImage } from './image.ts';

/**
 * Clients of registries, and registries that behave as a test wants. Whoever imports it has them closed after each test.
 */

export const content = randomBytes(300_000);
export const digest = sha256Of(content);
export const image = smallImage(['one']);
export const ada: Credentials = { kind: 'password', user: 'ada', password: 'the-secret' };
const open: { close: () => Promise<unknown> }[] = [];
let folder: string;
export let certificates: Certificates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-client-'));
  certificates = makeCertificates(folder);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

export const serve = async (answer: RequestListener, tls?: Certificates): Promise<FakeServer> => {
  const server = await startFakeServer(answer, tls);
  open.push(server);
  return server;
};
export const client = (
  options: Partial<RegistryClientOptions> & { credentials?: Credentials; net?: Partial<HttpOptions> } = {},
) => {
  const { credentials, net, ...others } = options;
  const http = createHttp({ env: {}, ...net });
  open.push(http);
  return createRegistryClient({ http, findCredentials: async () => await Promise.resolve({ credentials }), ...others });
};
export const at = (host: string, options?: Parameters<typeof client>[0]): RemoteRepository =>
  client(options).repository(host, 'ada/tools');
export const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};
export const source = (bytes: Uint8Array) => ({
  digest: sha256Of(bytes),
  size: bytes.length,
  open: async function* (start: number) {
    for (let here = start; here < bytes.length; here += 50_000) {
      yield await Promise.resolve(bytes.subarray(here, here + 50_000));
    }
  },
});
export const closeLater = <T extends { close: () => Promise<unknown> }>(thing: T): T => {
  open.push(thing);
  return thing;
};
/** Where our own registry keeps what it has. */
export const folderOf = (name: string): string => join(folder, name);
/** Our own registry, in this process. */
export const ours = async (name: string): Promise<string> => {
  const registry = createRegistry(folderOf(name));
  const server = await serveHttp(createRegistryHandler({ registry }));
  open.push(server);
  return new URL(server.url).host;
};
export const startOf = (range: string | undefined): number => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);

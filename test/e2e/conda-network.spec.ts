import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../kit/certificates.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { type Proxy, startProxy } from '../kit/proxy.ts';
import { type CommandOutcome, createSandbox, type Sandbox } from '../kit/sandbox.ts';

const packages = [
  makeCondaPackage({ name: 'vine', version: '1.0', noarch: 'generic', files: { 'share/vine': 'vine' } }),
];

describe('channels behind proxies and a company’s certificate authority', { timeout: 60_000 }, () => {
  let folder: string;
  let certificates: Certificates;
  let plain: CondaChannel;
  let secure: CondaChannel;
  let proxy: Proxy;
  let sandbox: Sandbox;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-network-'));
    certificates = makeCertificates(folder);
    plain = await startCondaChannel(packages);
    secure = await startCondaChannel(packages, { tls: certificates });
    proxy = await startProxy({ user: 'ada', password: 'pw-1' });
    sandbox = await createSandbox();
  });
  afterAll(async () => {
    await sandbox.remove();
    await Promise.all([plain.close(), secure.close(), proxy.close()]);
    await rm(folder, { recursive: true });
  });

  /** Makes a prefix on a machine that has nothing yet, and whose user has this `.condarc`. */
  const install = async (channel: CondaChannel, condarc: string, env = {}): Promise<CommandOutcome> => {
    count += 1;
    const name = `env-${count}`;
    proxy.seen.length = 0;
    await sandbox.write('../home/.condarc', condarc);
    await sandbox.write('environment.yml', `channels: ["${channel.url}"]\ndependencies: [vine]\n# ${count}\n`);
    await sandbox.json(['env', 'create', 'environment.yml', '--name', name]);
    const home = { TERROIR_HOME: join(folder, name), TERROIR_WORKSPACE: join(folder, `${name}-workspace`) };
    return await sandbox.run(['env', 'prefix', 'environment.yml'], { env: { ...home, ...env } });
  };

  it.each([
    [
      'http',
      () => plain,
      () => `GET ${plain.url}/noarch/repodata_shards.msgpack.zst`,
      () => `GET ${plain.url}/noarch/vine-1.0-0.conda`,
    ],
    [
      'all',
      () => plain,
      () => `GET ${plain.url}/noarch/repodata_shards.msgpack.zst`,
      () => `GET ${plain.url}/noarch/vine-1.0-0.conda`,
    ],
    ['https', () => secure, () => `CONNECT 127.0.0.1:${secure.port}`, () => `CONNECT 127.0.0.1:${secure.port}`],
    ['all', () => secure, () => `CONNECT 127.0.0.1:${secure.port}`, () => `CONNECT 127.0.0.1:${secure.port}`],
  ])('conda’s `proxy_servers` by %s', async (key, channel, records, archive) => {
    const condarc = `proxy_servers: {${key}: "${proxy.url}"}\nssl_verify: ${certificates.authority}\n`;
    const outcome = await install(channel(), condarc);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.stderr).not.toContain('pw-1');
    expect(proxy.seen).toContain(records());
    expect(proxy.seen).toContain(archive());
  });

  it('the environment’s proxy comes before conda’s, and NO_PROXY before both', async () => {
    const condarc = 'proxy_servers: {all: "http://127.0.0.1:1"}\n';
    expect(await install(plain, condarc, { HTTP_PROXY: proxy.url })).toMatchObject({ exitCode: 0 });
    expect(proxy.seen).not.toEqual([]);
    expect(await install(plain, condarc, { NO_PROXY: '127.0.0.1' })).toMatchObject({ exitCode: 0 });
    expect(proxy.seen).toEqual([]);
  });

  it('says which proxies do not count', async () => {
    const condarc = `proxy_servers: {"http://127.0.0.1": "${proxy.url}", "ftp": "${proxy.url}"}\n`;
    const outcome = await install(plain, condarc);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.stderr.split('`http://127.0.0.1`, `ftp`, which does not count here')).toHaveLength(2);
    expect(outcome.stderr).not.toContain('pw-1');
    expect(proxy.seen).toEqual([]);
  });

  it('a server of a company’s authority: not without it; with it; and unchecked', async () => {
    const outcome = await install(secure, '');
    expect(outcome).toMatchObject({ exitCode: 8 });
    expect(outcome.stderr).toContain(`the channel \`${secure.url}\` cannot be read`);
    expect(await install(secure, `ssl_verify: ${certificates.authority}\n`)).toMatchObject({ exitCode: 0 });
    expect(await install(secure, '', { SSL_CERT_FILE: certificates.authority })).toMatchObject({ exitCode: 0 });
    expect(await install(secure, 'ssl_verify: false\n')).toMatchObject({ exitCode: 0 });
    expect(await install(secure, `ssl_verify: ${folder}/none.pem\n`)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('conda’s `ssl_verify`') as string,
    });
  });
});

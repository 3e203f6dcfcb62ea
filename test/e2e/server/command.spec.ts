import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../kit/certificates.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';

describe('terroir serve', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox();
  });
  afterEach(() => sandbox.remove());

  const serve = (...args: string[]): Promise<Served> => startServe(sandbox, args);

  it('serves what the command line sees, and ends well on a signal', async () => {
    await sandbox.write('environment.yml', 'name: iris\nrequirements: [alpha==1]\n');
    const made = await sandbox.json(['env', 'create', 'environment.yml']);
    const { url, child, outcome } = await serve();
    expect(await (await fetch(`${url}/healthz`)).text()).toMatch(/^ok terroir /);
    const shown = await (await fetch(`${url}/api/v1/environments/iris/versions/1`)).json();
    expect(shown).toEqual(made);
    expect(shown).toEqual(await sandbox.json(['env', 'show', 'iris']));
    expect(await (await fetch(`${url}/api/v1/environments`)).json()).toEqual(await sandbox.json(['env', 'list']));
    expect((await fetch(`${url}/api/v1/runs/none/events`)).status).toBe(404);
    child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await outcome;
    expect([exitCode, stdout]).toEqual([0, '']);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('stopping');
    const trail = await sandbox.json<{ items: { user: string; origin: string }[] }>(['audit', 'list']);
    expect(trail.items).toMatchObject([{ user: 'ada', origin: expect.stringMatching(/^command line on /) as string }]);
  });

  it('says that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as { port: number };
      const { exitCode, stderr } = await sandbox.run(['serve', '--port', String(port)]);
      expect(exitCode).toBe(5);
      expect(stderr).toContain(`error: another program listens on port ${port} of 127.0.0.1`);
      expect(stderr).toContain('--port N');
    } finally {
      other.close();
    }
  });

  it.each<[string, string[], number, string]>([
    ['no number', ['--port', 'x'], 2, '--port wants a whole number from 0 to 65535, not `x`'],
    ['a port that there is not', ['--port', '70000'], 2, 'from 0 to 65535'],
    ['half of a certificate', ['--tls-cert', 'x.pem'], 2, '--tls-key is missing'],
    ['a certificate that is not there', ['--tls-cert', 'x.pem', '--tls-key', 'y'], 4, 'no such file'],
    ['an issuer without a client', ['--oidc-issuer', 'https://login.example'], 2, '--oidc-client-id is missing'],
    ['a client without an issuer', ['--oidc-client-id', 'x'], 2, '--oidc-issuer is missing'],
    ['an issuer that is no address', ['--oidc-issuer', 'x', '--oidc-client-id', 'x'], 2, '--oidc-issuer wants'],
    [
      'a role that there is not',
      ['--oidc-issuer', 'https://login.example', '--oidc-client-id', 'x', '--oidc-role', 'staff=king'],
      2,
      '--oidc-role wants VALUE=ROLE',
    ],
    ['an address of another machine', ['--host', '192.0.2.1'], 9, 'open to everybody'],
    ['every address', ['--host', '0.0.0.0'], 9, 'terroir token create'],
  ])('refuses %s', async (_title, args, code, text) => {
    const { exitCode, stderr } = await sandbox.run(['serve', '--port', '0', ...args]);
    expect(stderr).toContain(text);
    expect(exitCode).toBe(code);
  });

  it.each(['serve', 'worker'])('does not begin with settings that each run would fail by: %s', async (command) => {
    await sandbox.write('.terroir/settings.yml', 'keep_archive: false\n');
    const { exitCode, stderr } = await sandbox.run([command]);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('Did you mean `keep_archives`?')]);
  });

  it('says what is wrong with the files for https', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'terroir-tls-'));
    try {
      const { key, cert } = makeCertificates(folder);
      const at = (name: string): string => join(folder, name);
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      await writeFile(at('key.pem'), key);
      await writeFile(at('cert.pem'), cert);
      await writeFile(at('other.pem'), other.export({ type: 'pkcs8', format: 'pem' }));
      const secret = { cipher: 'aes-256-cbc', passphrase: 'sesame' };
      await writeFile(at('encrypted.pem'), other.export({ type: 'pkcs8', format: 'pem', ...secret }));
      await writeFile(at('empty.pem'), '');
      for (const [certFile, keyFile, code, message] of [
        ['cert.pem', 'other.pem', 2, 'other.pem` is not that of the certificate in'],
        ['cert.pem', 'encrypted.pem', 2, 'encrypted.pem` is encrypted'],
        ['cert.pem', 'cert.pem', 2, 'there is no private key in'],
        ['key.pem', 'key.pem', 2, 'there is no certificate in'],
        ['empty.pem', 'key.pem', 2, 'there is no certificate in'],
        ['.', 'key.pem', 4, 'it is a folder and no file'],
      ] as const) {
        const tls = ['--tls-cert', at(certFile), '--tls-key', at(keyFile)];
        const { exitCode, stderr } = await sandbox.run(['serve', '--port', '0', ...tls]);
        expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
        expect(stderr).not.toContain('defect');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('speaks https, and opens other addresses once there is a token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'terroir-tls-'));
    try {
      const { key, cert, authority } = makeCertificates(folder);
      await writeFile(join(folder, 'key.pem'), key);
      await writeFile(join(folder, 'cert.pem'), cert);
      const token = (await sandbox.run(['token', 'create', '--user', 'ann', '--role', 'admin'])).stdout.trim();
      const tls = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
      const { url, child, outcome } = await serve('--host', '0.0.0.0', ...tls);
      expect(url).toMatch(/^https:/);
      const ask = async (headers: Record<string, string>): Promise<number | undefined> =>
        await new Promise((resolve, reject) => {
          const options = { ca: readFileSync(authority), headers, port: new URL(url).port };
          request('https://127.0.0.1/api/v1/me', options, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          })
            .on('error', reject)
            .end();
        });
      expect(await ask({})).toBe(401);
      expect(await ask({ authorization: `Bearer ${token}` })).toBe(200);
      child.kill('SIGINT');
      expect((await outcome).exitCode).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('makes, lists and revokes tokens', async () => {
    const made = await sandbox.json<{ id: string; token: string }>([
      'token',
      'create',
      '--user',
      'ci',
      '--expires',
      '12h',
    ]);
    expect(made).toMatchObject({ user: 'ci', role: 'reader' });
    const listed = await sandbox.run(['token', 'list']);
    expect(listed.stdout).toContain('ci');
    expect(listed.stdout).not.toContain(made.token.slice(-43));
    expect(await sandbox.json(['token', 'revoke', made.id])).toMatchObject({ revokedAt: expect.any(String) as string });
    for (const args of [
      ['token', 'create'],
      ['token', 'create', '--user', 'x', '--expires', '1 month'],
      ['token', 'create', '--user', 'x', '--expires', '11y'],
    ])
      expect((await sandbox.run(args)).exitCode).toBe(2);
    expect((await sandbox.run(['token', 'create', '--user', 'a\tb'])).exitCode).toBe(3);
    expect((await sandbox.run(['token', 'revoke', 'x'])).exitCode).toBe(4);
  });

  it('shows, checks and exports the audit trail', async () => {
    await sandbox.run(['token', 'create', '--user', 'ci']);
    await sandbox.write('environment.yml', 'name: iris\nrequirements: [alpha==1]\n');
    await sandbox.run(['env', 'create', 'environment.yml']);
    const check = await sandbox.json<{ entries: number; head: string }>(['audit', 'verify']);
    expect(check.entries).toBe(2);
    const lines = (await sandbox.run(['audit', 'export'])).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { action: string }).action)).toEqual([
      'token.create',
      'environment.register',
    ]);
    expect((await sandbox.run(['audit', 'list', '--user', 'ada'])).stdout).toContain('iris:1');
    expect((await sandbox.run(['audit', 'verify', '--expect', check.head])).exitCode).toBe(0);
    expect((await sandbox.run(['audit', 'verify', '--expect', 'f'.repeat(64)])).exitCode).toBe(7);
    const file = join(sandbox.folder, '.terroir', 'workspace.db');
    const change = `const {DatabaseSync}=require('node:sqlite');new DatabaseSync(process.argv[1]).exec("update audit set user='eve' where number=1")`;
    expect(spawnSync(process.execPath, ['-e', change, file]).status).toBe(0);
    const broken = await sandbox.run(['audit', 'verify']);
    expect(broken.exitCode).toBe(7);
    expect(broken.stderr).toContain('entry 1 of the audit trail is not sound');
  });
});

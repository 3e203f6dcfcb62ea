import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutcome, Sandbox } from '../../kit/sandbox.ts';
import type { Served } from '../../kit/serve.ts';
import { createServedPair, type ServedPair } from '../../kit/served-pair.ts';

describe('the command line on a server', () => {
  let pair: ServedPair;
  let here: Sandbox;
  let there: Sandbox;
  let served: Served;
  let tokens: ServedPair['tokens'];
  beforeAll(async () => {
    pair = await createServedPair();
    ({ here, there, served, tokens } = pair);
  });
  afterAll(() => pair.remove());

  const expectGood = ({ exitCode, stderr }: CommandOutcome): void => expect([exitCode, stderr]).toEqual([0, '']);

  it('registers, with the files that a definition names and what the command line says', async () => {
    await here.write('lists/more.txt', 'alpha>=1\n');
    await here.write('requirements.txt', '-r lists/more.txt\n');
    const args = ['env', 'create', '--name', 'parts', '--requirements', 'requirements.txt', '--tag', 'a=b', '--quiet'];
    const made = await here.run(args);
    expectGood(made);
    expect(made.stdout).toMatch(/^registered parts:1\n/);
    expect((await here.run(args)).stdout).toMatch(/^parts:1 has this definition already; nothing changed\n/);
    expect((await here.run([...args, '--description', 'new'])).stdout).toContain('updated its description and tags');
    expect(await there.json(['env', 'show', 'parts'])).toMatchObject({
      createdBy: 'the-contributor',
      tags: { a: 'b' },
      description: 'new',
    });
    expect((await here.run(['env', 'show', 'parts', '--source'])).stdout).toContain(
      '# requirements.txt\n-r lists/more.txt',
    );
    const broken = await here.run(['env', 'create', 'environment.yml', '--name', 'AzureML-x']);
    expect(broken.exitCode).toBe(3);
    const nameless = await here.run(['env', 'create', 'requirements.txt']);
    expect([nameless.exitCode, nameless.stderr]).toEqual([
      3,
      (await there.run(['env', 'create', here.folder + '/requirements.txt'])).stderr,
    ]);
    expectGood(await here.run(['env', 'create', '-', '--name', 'piped', '-q'], { input: 'requirements: [alpha]\n' }));
    expect((await here.run(['env', 'create', 'environment.yml', '--name', 'locked', '--lock'])).exitCode).toBe(0);
    expect((await here.run(['env', 'show', 'locked'])).stdout).toContain('linux-64: revision 1, 1 package,');
  });

  it('says how to mean a file or folder that is called like an environment that is not there', async () => {
    await here.write('site/environment.yml', 'requirements: [alpha]\n');
    await here.write('plain', 'alpha\n');
    const calls = [
      ['env', 'check', 'site'],
      ['env', 'lock', 'site'],
      ['run', '--env', 'site', '--', 'true'],
      ['env', 'build', 'site'],
    ];
    for (const args of calls) {
      const { exitCode, stderr } = await here.run(args);
      expect([exitCode, stderr]).toEqual([
        args[0] === 'run' ? 104 : 4,
        expect.stringContaining('To mean the folder of that name, write `./site`.'),
      ]);
    }
    expect((await here.run(['env', 'lock', 'plain'])).stderr).toContain(
      'To mean the file of that name, write `./plain`.',
    );
    // One that is there is meant, as ever.
    await here.run(['env', 'create', 'site/environment.yml', '--name', 'site', '-q']);
    expectGood(await here.run(['env', 'check', 'site', '-q']));
  });

  it('manages versions', async () => {
    await here.run(['env', 'create', 'environment.yml', '--name', 'managed']);
    const updated = await here.json(['env', 'update', 'managed:1', '--description', 'better', '--remove-tag', 'team']);
    expect(updated).toMatchObject({ description: 'better', tags: {} });
    expect((await here.run(['env', 'archive', 'managed'])).stdout).toBe('archived managed\n');
    expect(
      (await here.json<{ items: { name: string }[] }>(['env', 'list'])).items.map(({ name }) => name),
    ).not.toContain('managed');
    expect((await here.run(['env', 'restore', 'managed'])).stdout).toBe('restored managed\n');
    const cloned = await here.run(['env', 'clone', 'managed', 'cloned', '--add', 'beta==2']);
    expect(cloned.stdout).toMatch(/^registered cloned:1\n/);
    const diff = await here.run(['env', 'diff', 'managed', 'cloned']);
    expect(diff.stdout).toContain('beta==2');
    expect(diff.stdout).toContain('cloned:1 is not locked for linux-64 yet');
    const whole = await here.run(['env', 'delete', 'cloned']);
    expect([whole.exitCode, whole.stderr]).toEqual([2, expect.stringContaining('a version is deleted')]);
    expect((await here.run(['env', 'delete', 'cloned:1'])).stdout).toBe('deleted cloned:1\n');
    expect((await here.run(['env', 'show', 'cloned'])).exitCode).toBe(4);
    expect((await here.run(['env', 'delete', 'managed:1', '--purge'])).exitCode).toBe(9);
  });

  it('locks, moves locks and exports them', async () => {
    const request = ['env', 'create', '-', '--name', 'moving', '-q'];
    await here.run(request, { input: 'requirements: [alpha]\n' });
    const locked = await here.run(['env', 'lock', 'moving', '--platform', 'linux-64', '--upgrade', 'alpha']);
    expect([locked.exitCode, locked.stderr]).toEqual([2, expect.stringContaining('--upgrade goes with --relock')]);
    const first = await here.json<{ outcome: string }>(['env', 'lock', 'moving', '--platform', 'linux-64']);
    expect(first.outcome).toBe('resolved');
    expect(await here.json(['env', 'lock', 'moving', '--platform', 'linux-64'])).toMatchObject({ outcome: 'cached' });
    expect(await here.json(['env', 'lock', 'moving', '--platform', 'linux-aarch64'])).toMatchObject({
      lock: { platform: 'linux-aarch64' },
    });
    const dry = await here.run(['env', 'lock', 'moving', '--relock', '--dry-run', '--quiet']);
    expect(dry.stdout).toContain('none: this was a dry run');
    expect(dry.stdout).toContain('nothing moves');
    expect(await here.json(['env', 'lock', 'moving', '--relock'])).toMatchObject({ outcome: 'relocked' });
    expect((await here.run(['env', 'lock', 'moving', '--export', 'requirements'])).stdout).toContain('alpha==1.1');
    // A file is registered there, without a name.
    await here.write('unnamed.txt', 'alpha==1.0\n');
    const unnamed = await here.run(['env', 'lock', 'unnamed.txt', '--platform', 'linux-64', '-q']);
    expect([unnamed.exitCode, unnamed.stdout]).toEqual([0, expect.stringContaining('anonymous:')]);
    const reader = { env: { TERROIR_TOKEN: tokens.reader } };
    expect(await here.json(['env', 'lock', 'moving'], reader)).toMatchObject({ outcome: 'cached' });
  });

  it('checks files here and versions there', async () => {
    await here.write('loose.txt', 'alpha\n');
    expect((await here.run(['env', 'check', 'loose.txt'])).stdout).toContain('unpinned-package');
    const fixed = await here.run(['env', 'check', 'loose.txt', '--fix', '-q']);
    expect([fixed.exitCode, fixed.stdout]).toEqual([0, expect.stringContaining('changed loose.txt')]);
    expect(await here.read('loose.txt')).toBe('alpha==1.1\n');
    await here.run(['env', 'create', '-', '--name', 'loose', '-q'], { input: 'requirements: [alpha]\n' });
    expect((await here.run(['env', 'check', 'loose', '--fix', '-q'])).stdout).toContain('registered loose:2');
    expect((await here.run(['env', 'show', 'loose', '--source'])).stdout).toMatch(
      /alpha==1\.1\]\npython: \{ version: "3\.\d+" \}/,
    );
    await here.write('loose.yml', 'requirements: [alpha]\n');
    await here.run(['env', 'check', 'loose.yml', '--fix', '-q']);
    expect(await here.read('loose.yml')).toMatch(/^requirements: \[alpha==1\.1\]\npython: \{ version: "3\.\d+" \}\n$/);
  });

  it('writes and reads v1 folders', async () => {
    await here.write('conda.yml', 'channels: [defaults]\ndependencies: [python=3.12]\n');
    await here.run(['env', 'create', '--name', 'v1', '--conda-file', 'conda.yml', '--image', 'debian:13', '-q']);
    expect((await here.run(['env', 'save', 'v1', 'saved'])).stdout).toContain('saved/azureml_environment.json');
    expect((await here.run(['env', 'save', 'v1', 'saved'])).exitCode).toBe(5);
    expect((await here.run(['env', 'load', 'saved', '--name', 'v1-again'])).stdout).toMatch(/^registered v1-again:1\n/);
  });

  it('makes tokens and reads the audit trail for administrators, and for nobody else', async () => {
    const admin = { env: { TERROIR_TOKEN: tokens.admin } };
    const made = await here.json<{ id: string; token: string }>(['token', 'create', '--user', 'new'], admin);
    expectGood(await here.run(['env', 'list'], { env: { TERROIR_TOKEN: made.token } }));
    expect((await here.run(['token', 'list'], admin)).stdout).toContain('new');
    expect((await here.run(['token', 'revoke', made.id], admin)).stdout).toContain('revoked');
    expect((await here.run(['env', 'list'], { env: { TERROIR_TOKEN: made.token } })).exitCode).toBe(9);
    expect((await here.run(['audit', 'list', '--action', 'token.revoke'], admin)).stdout).toContain('the-admin');
    const { head } = await here.json<{ head: string }>(['audit', 'verify'], admin);
    expect((await here.run(['audit', 'verify', '--expect', head], admin)).exitCode).toBe(0);
    expect((await here.run(['audit', 'verify', '--expect', 'f'.repeat(64)], admin)).exitCode).toBe(7);
    expect((await here.run(['audit', 'export'], admin)).stdout.split('\n').length).toBeGreaterThan(10);
    expect((await here.run(['token', 'list'])).exitCode).toBe(9);
    expect((await here.run(['audit', 'export'])).exitCode).toBe(9);
    const reader = { env: { TERROIR_TOKEN: tokens.reader } };
    const refused = await here.run(['env', 'create', 'environment.yml', '--name', 'x'], reader);
    expect([refused.exitCode, refused.stderr]).toEqual([9, expect.stringContaining('contributor')]);
    expect((await here.run(['run', '--env', 'own', '--', 'true'], reader)).exitCode).toBe(109);
  });

  it('says who cannot be reached or is no server of ours', async () => {
    const other = createServer((request, response) => {
      if (request.url?.startsWith('/moved') === true)
        response.writeHead(301, { location: 'https://elsewhere.example/' }).end();
      else if (request.url?.startsWith('/old') === true && request.url.endsWith('/healthz'))
        response.end('ok terroir 0.0.1\n');
      else if (request.url?.startsWith('/old') === true)
        response
          .writeHead(404, { 'content-type': 'application/problem+json' })
          .end('{"code":"ROUTE_NOT_FOUND","title":"nothing there"}');
      else if (request.url?.startsWith('/new') === true)
        response
          .writeHead(418, { 'content-type': 'application/problem+json' })
          .end('{"code":"TEAPOT","title":"only tea"}');
      else response.end('<html>hello</html>');
    }).listen(0, '127.0.0.1');
    try {
      await sleep(10);
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      for (const [workspace, token, code, text] of [
        ['http://127.0.0.1:1', undefined, 8, 'cannot be reached'],
        [url, undefined, 8, `what answers at ${url} is no Terroir server`],
        [`${url}/moved`, undefined, 8, 'https://elsewhere.example'],
        [`${url}/old`, undefined, 4, 'The server runs Terroir 0.0.1'],
        [`${url}/new`, undefined, 8, 'only tea'],
        [served.url, 'wrong', 9, 'TERROIR_TOKEN'],
        [served.url, '', 9, 'terroir token create'],
        [served.url.replace('//', '//ann:wrong@'), '', 9, 'TERROIR_TOKEN'],
      ] as const) {
        const { exitCode, stderr } = await here.run(['env', 'list', '--workspace', workspace], {
          env: token === undefined ? {} : { TERROIR_TOKEN: token },
        });
        expect([workspace, exitCode, stderr]).toEqual([workspace, code, expect.stringContaining(text)]);
      }
      const inUrl = await here.run(['env', 'list'], {
        env: { TERROIR_WORKSPACE: served.url.replace('//', `//ann:${tokens.reader}@`), TERROIR_TOKEN: '' },
      });
      expectGood(inUrl);
      const offline = await here.run(['env', 'list', '--offline']);
      expect(offline.exitCode).toBe(8);
    } finally {
      other.close();
    }
  });

  it.each([[['serve']], [['backup', 'x']]])('refuses what works on the folder alone: %s', async (args) => {
    const { exitCode, stderr } = await here.run(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`\`terroir ${args[0]}`);
    expect(stderr).toContain('works on the folder of a workspace');
  });
});

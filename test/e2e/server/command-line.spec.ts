import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { type CommandOutcome, createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';

describe('the command line on a server', () => {
  let index: PypiIndex;
  let registry: RegistryProcess;
  /** The server's machine, with the folder of its workspace. */
  let there: Sandbox;
  /** A user's machine. */
  let here: Sandbox;
  let served: Served;
  let tokens: Record<'admin' | 'contributor' | 'reader', string>;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha/__init__.py': 'value = 1\n' } }),
      makeWheel({ name: 'alpha', version: '1.1', files: { 'alpha/__init__.py': 'value = 2\n' } }),
    ]);
    registry = await startDockerRegistry({ root: join(await mkdtemp(join(tmpdir(), 'terroir-base-')), 'data') });
    await pushBase(`${registry.host}/base:1`);
    there = await createSandbox({ index: index.url });
    const make = async (role: string): Promise<string> =>
      (await there.run(['token', 'create', '--user', `the-${role}`, '--role', role])).stdout.trim();
    tokens = { admin: await make('admin'), contributor: await make('contributor'), reader: await make('reader') };
    served = await startServe(there);
    here = await createSandbox({
      index: index.url,
      env: { TERROIR_WORKSPACE: served.url, TERROIR_TOKEN: tokens.contributor, TERROIR_USER: 'nobody' },
    });
    await here.write('environment.yml', 'name: iris\ntags: {team: green}\nrequirements: [alpha==1.0]\n');
    await here.write('own.yml', 'name: own\npython: {user_managed: true}\n');
    await here.run(['env', 'create', 'environment.yml']);
    await here.run(['env', 'create', 'own.yml']);
  });
  afterAll(async () => {
    await served.stop();
    await index.close();
    await registry.stop();
    await here.remove();
    await there.remove();
  });

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
    expect((await here.run(['env', 'show', 'locked'])).stdout).toContain('linux-64: revision 1, 1 packages');
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

  it('runs commands and jobs there, and passes on what they print and how they end', async () => {
    await here.write('main.py', 'import os, sys\nprint("é", sys.argv[1:], os.environ.get("KEY"))\nsys.exit(7)\n');
    const variables = ['--var', 'KEY=secret:MY_KEY'];
    const unset = await here.run(['run', '--env', 'own', ...variables, '--', 'python3', 'main.py']);
    expect([unset.exitCode, unset.stderr]).toEqual([102, expect.stringContaining('Set MY_KEY in your environment.')]);
    const env = { MY_KEY: 'hush-hush-hush' };
    const ran = await here.run(['run', '--env', 'own', ...variables, '--', 'python3', 'main.py', 'a b'], { env });
    expect([ran.exitCode, ran.stdout]).toEqual([7, "é ['a b'] hush-hush-hush\n"]);
    expect(ran.stderr).toContain('the script ended with exit code 7');
    const { items } = await here.json<{ items: { id: string; createdBy: string }[] }>(['runs', 'list', '--env', 'own']);
    const [{ id, createdBy } = { id: '', createdBy: '' }] = items;
    expect(createdBy).toBe('the-contributor');
    expect((await here.run(['runs', 'logs', id])).stdout).toBe("é ['a b'] hush-hush-hush\n");
    expect((await here.run(['runs', 'logs', id, '--follow'])).stdout).toBe("é ['a b'] hush-hush-hush\n");
    expect(await here.json(['runs', 'logs', id.slice(0, -2)])).toEqual({ log: "é ['a b'] hush-hush-hush\n" });
    expect((await here.run(['runs', 'show', id])).stdout).toContain('own:1');
    expect((await here.run(['runs', 'cancel', id])).exitCode).toBe(5);
    const again = await here.run(['runs', 'replay', id], { env });
    expect([again.exitCode, again.stdout]).toEqual([7, "é ['a b'] hush-hush-hush\n"]);
    await here.write('lists/job.txt', 'alpha==1.0\n');
    await here.write(
      'job.yml',
      'command: python main.py ${{inputs.n}}\ncode: src\ninputs: {n: 1}\nenvironment: {requirements: lists/job.txt}\n',
    );
    await here.write(
      'src/main.py',
      'import alpha, sys\nopen("outputs/m", "w").write("m")\nprint(alpha.value, sys.argv)\n',
    );
    const job = await here.run(['run', 'job.yml', '--input', 'n=2']);
    expect([job.exitCode, job.stdout]).toEqual([0, "1 ['main.py', '2']\n"]);
    const quiet = await here.run(['run', 'job.yml', '--json']);
    const record = JSON.parse(quiet.stdout) as { id: string; status: string };
    expect(record.status).toBe('Completed');
    const model = ['model', 'register', '--run', record.id, '--name', 'iris-model', '--path', 'outputs/m'];
    expect((await here.run(model)).stdout).toMatch(/^registered model iris-model:1 /);
    expect((await here.run(['model', 'list'])).stdout).toContain('iris-model');
    expect((await here.run(['model', 'show', 'iris-model'])).stdout).toContain(record.id);
    expect((await here.run(['model', 'register', '--run', 'x'])).stderr).toContain('--name and --path are missing');
  });

  it('says what went wrong around a script as a folder would', async () => {
    const missing = await here.run(['run', '--env', 'own', '--', 'no-such-program']);
    const local = await there.run(['run', '--env', 'own', '--', 'no-such-program']);
    expect([missing.exitCode, lastLines(missing)]).toEqual([local.exitCode, lastLines(local)]);
    const gpus = await here.run(['run', '--env', 'own', '--gpus', '1', '--', 'x']);
    expect([gpus.exitCode, gpus.stderr]).toEqual([102, expect.stringContaining('--gpus is for containers')]);
    expect((await here.run(['run', '--env', 'nobody', '--', 'x'])).exitCode).toBe(104);
  });

  const lastLines = ({ stderr }: CommandOutcome): string[] =>
    stderr.split('\n').filter((line) => /^(?:error|hint):/.test(line));

  it('ends a run when the user interrupts it', async () => {
    const { child, outcome } = here.start([
      'run',
      '--env',
      'own',
      '--display-name',
      'long',
      '--',
      'sh',
      '-c',
      'echo on; sleep 60',
    ]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    const { exitCode, stderr } = await outcome;
    expect(stderr).toContain('Canceled: the run was interrupted');
    const { items } = await there.json<{ items: { displayName: string; status: string; exitCode: number }[] }>([
      'runs',
      'list',
    ]);
    const run = items.find(({ displayName }) => displayName === 'long');
    expect(run?.status).toBe('Canceled');
    expect(exitCode).toBe(run?.exitCode);
    expect(exitCode).toBe(130);
  });

  it('makes environments on this machine that are what the server locked', async () => {
    const input = 'requirements: [alpha]\n';
    await here.run(['env', 'create', '-', '--name', 'mirrored', '-q'], { input });
    const made = await here.json<{ prefix: string; lockDigest: string }>(['env', 'prefix', 'mirrored']);
    const { lock } = await there.json<{ lock: { digest: string } }>(['env', 'lock', 'mirrored']);
    expect(made.lockDigest).toBe(lock.digest);
    expect(made.prefix.startsWith(String(here.env.TERROIR_HOME))).toBe(true);
    const script = ['--', 'python', '-c', 'import alpha, sys; print(alpha.value); sys.exit(3)'];
    const ran = await here.run(['env', 'exec', 'mirrored', ...script]);
    expect([ran.exitCode, ran.stdout]).toEqual([3, '2\n']);
    // A relock there is followed here, back and forth.
    await here.run(['env', 'create', '-', '--name', 'mirrored', '-q'], { input: 'requirements: [alpha<1.1]\n' });
    expect((await here.run(['env', 'exec', 'mirrored', ...script])).stdout).toBe('1\n');
    expect((await here.run(['env', 'exec', 'mirrored:1', ...script])).stdout).toBe('2\n');
    // What was deleted and registered again under its number is what it is now.
    await here.run(['env', 'delete', 'mirrored:2']);
    await here.run(['env', 'create', '-', '--name', 'mirrored', '--version', '2', '-q'], {
      input: 'requirements: [alpha==1.1]\n',
    });
    expect((await here.run(['env', 'exec', 'mirrored:2', ...script])).stdout).toBe('2\n');
    const file = await here.run(['env', 'exec', 'unnamed.txt', ...script]);
    expect([file.exitCode, file.stdout]).toEqual([3, '1\n']);
    const own = await here.run(['env', 'exec', 'own', '--', 'sh', '-c', 'echo $TERROIR_ENVIRONMENT']);
    expect(own.stdout).toBe('own:1\n');
    const offline = await here.run(['env', 'exec', 'mirrored:1', '--offline', ...script]);
    expect([offline.exitCode, offline.stdout]).toEqual([3, '2\n']);
    expect((await here.run(['env', 'exec', 'nobody', ...script])).exitCode).toBe(104);
    expect((await here.run(['env', 'prefix', 'own'])).stderr).toBe((await there.run(['env', 'prefix', 'own'])).stderr);
    // Who may only read gets what is locked.
    const reader = { env: { TERROIR_TOKEN: tokens.reader } };
    expect((await here.run(['env', 'exec', 'mirrored:1', ...script], reader)).exitCode).toBe(3);
    await here.run(['env', 'create', '-', '--name', 'unlocked', '-q'], { input });
    const refused = await here.run(['env', 'exec', 'unlocked:1', ...script], reader);
    expect([refused.exitCode, refused.stderr]).toEqual([109, expect.stringContaining('contributor')]);
    expect((await here.json<{ items: unknown[] }>(['runs', 'list', '--env', 'mirrored'])).items).toEqual([]);
  });

  it('checks files here and versions there', async () => {
    await here.write('loose.txt', 'alpha\n');
    expect((await here.run(['env', 'check', 'loose.txt'])).stdout).toContain('unpinned-package');
    const fixed = await here.run(['env', 'check', 'loose.txt', '--fix', '-q']);
    expect([fixed.exitCode, fixed.stdout]).toEqual([0, expect.stringContaining('changed loose.txt')]);
    expect(await here.read('loose.txt')).toBe('alpha==1.1\n');
    await here.run(['env', 'create', '-', '--name', 'loose', '-q'], { input: 'requirements: [alpha]\n' });
    expect((await here.run(['env', 'check', 'loose', '--fix', '-q'])).stdout).toContain('registered loose:2');
    expect((await here.run(['env', 'show', 'loose', '--source'])).stdout).toContain('alpha==1.1');
  });

  it('writes and reads v1 folders', async () => {
    await here.write('conda.yml', 'channels: [defaults]\ndependencies: [python=3.12]\n');
    await here.run(['env', 'create', '--name', 'v1', '--conda-file', 'conda.yml', '--image', 'debian:13', '-q']);
    expect((await here.run(['env', 'save', 'v1', 'saved'])).stdout).toContain('saved/azureml_environment.json');
    expect((await here.run(['env', 'save', 'v1', 'saved'])).exitCode).toBe(5);
    expect((await here.run(['env', 'load', 'saved', '--name', 'v1-again'])).stdout).toMatch(/^registered v1-again:1\n/);
  });

  it('shares with registries, and leaves what concerns this machine here', async () => {
    const folder = await here.run(['env', 'share', 'iris', './elsewhere']);
    expect([folder.exitCode, folder.stderr]).toEqual([
      2,
      expect.stringContaining('a server shares with registries alone'),
    ]);
    expect((await here.run(['env', 'share', 'iris', 'registry.example/team'])).stderr).toContain('has no image');
    expect((await here.run(['cache', 'show'])).stdout).toContain(String(here.env.TERROIR_HOME));
    expect((await here.run(['cache', 'gc', '--dry-run'])).exitCode).toBe(0);
    const doctor = await here.run(['doctor']);
    expect(doctor.stdout).toMatch(
      /workspace: http:\/\/127\.0\.0\.1:\d+ answers: Terroir \S+; you are the-contributor, with the role contributor/,
    );
    const lost = await here
      .json<{ items: { subject: string; state: string; remedy: string }[] }>(['doctor'], {
        env: { TERROIR_TOKEN: 'wrong' },
      })
      .catch((error: unknown) => String(error));
    expect(lost).toContain('TERROIR_TOKEN');
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

  it('builds there', async () => {
    const refused = await here.run(['env', 'build', 'iris', '--engine', 'docker']);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('the server builds')]);
    const baseless = await here.run(['env', 'build', 'iris', '-q']);
    expect([baseless.exitCode, baseless.stderr]).toEqual([3, expect.stringContaining('iris:1 has no base image')]);
    const input = `image: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [alpha==1.0]\n`;
    await here.run(['env', 'create', '-', '--name', 'built', '-q'], { input });
    const build = await here.run(['env', 'build', 'built', '--platform', 'linux-64', '--json']);
    // What it does there is shown here.
    expect(build.stderr).toMatch(/Resolving|Fetching|Layers|Composing/);
    const built = JSON.parse(build.stdout) as Record<string, unknown>;
    expect(built).toMatchObject({ source: 'built', revision: 1 });
    const shown = ['env', 'image', 'built', '--platform', 'linux-64', '--json'];
    expect((await here.run(shown)).stdout).toBe((await there.run(shown)).stdout);
    const shared = await here.json(['env', 'share', 'built', `${registry.host}/team`]);
    expect(shared).toMatchObject({ name: 'built', version: '1', locks: [{ platform: 'linux-64' }] });
    // `localhost` is the workspace's own registry, wherever the workspace is.
    const copied = await here.run(['image', 'copy', `localhost/${String(built.repository)}:latest`, 'oci:layout']);
    expect([copied.exitCode, copied.stdout]).toEqual([0, expect.stringContaining(String(built.digest))]);
    const written = ['env', 'build', 'built', '--platform', 'linux-64', '--output', 'docker-archive:image.tar'];
    expect(await here.json(written)).toMatchObject({ source: 'workspace', digest: built.digest });
    expect((await here.run(['image', 'validate', 'docker-archive:image.tar'])).exitCode).toBe(0);
    const pushed = `${registry.host}/mine/iris`;
    expect((await here.run(['env', 'build', 'built', '--platform', 'linux-64', '--push', pushed])).exitCode).toBe(0);
    const validated = await here.json(['image', 'validate', `${pushed}:1`]);
    expect(validated).toMatchObject({ digest: built.digest, valid: true });
  });

  it.each<[string, string[]]>([
    ['environments with a tag', ['env', 'list', '--tag', 'team=green', '--limit', '1']],
    ['versions', ['env', 'list', '--name', 'iris', '--all']],
    ['a version', ['env', 'show', 'iris']],
    ['an environment that is not there', ['env', 'show', 'irsi']],
    ['a revision of it', ['env', 'lock', 'moving', '--platform', 'linux-64', '--revision', '1']],
    ['one that there is not', ['env', 'lock', 'moving', '--platform', 'linux-64', '--revision', '77']],
    ['an export', ['env', 'lock', 'moving', '--platform', 'linux-64', '--export', 'pylock']],
    ['differences', ['env', 'diff', 'iris', 'moving']],
    ['an image that there is not', ['env', 'image', 'iris']],
    ['where runs can happen', ['compute', 'list']],
    ['runs of one kind', ['runs', 'list', '--status', 'Completed', '--env', 'own', '--limit', '2']],
    ['a model', ['model', 'show', 'iris-model:1']],
  ])('answers in the same bytes as on the folder: %s', async (_title, args) => {
    const [folder, url] = await Promise.all([there.run([...args, '--json']), here.run([...args, '--json'])]);
    expect(url.stdout).toBe(folder.stdout);
    expect(url.exitCode).toBe(folder.exitCode);
  });

  it.each([[['env', 'show', 'parts']], [['model', 'show', 'iris-model']]])(
    'says the same to a person: %s',
    async (args) => {
      const [text, sameText] = await Promise.all([there.run(args), here.run(args)]);
      expect(withoutAges(sameText)).toEqual(withoutAges(text));
    },
  );

  /** `kept in` is a folder of the server's. */
  const withoutAges = ({ exitCode, stdout, stderr }: CommandOutcome): unknown[] => [
    exitCode,
    stdout.replaceAll(/\d+s ago/g, 'Ns ago').replaceAll(/^kept in .*\n/gm, ''),
    stderr,
  ];

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

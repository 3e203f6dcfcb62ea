import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

describe('mistakes', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0' }),
      makeWheel({ name: 'beta', version: '1.0', requires: ['alpha>=2'] }),
    ]);
    sandbox = await createSandbox({ index: index.url, env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
    await sandbox.write('ok.txt', 'alpha\n');
    await sandbox.write('unlocked.txt', 'zeta\n');
    await sandbox.write('down.txt', 'alpha>=0.3\n');
    await sandbox.write('login.txt', 'alpha>=0.2\n');
    await sandbox.write('links.txt', 'alpha\n--pre --find-links /nowhere/wheels\n');
    await sandbox.write('clash.txt', 'beta\nalpha<2\n');
    await sandbox.write('odd.yml', 'name: odd\nimagee: debian:12\nrequirements: [numpy=1.2]\n');
    await sandbox.write('reserved.yml', 'name: AzureML-mine\nrequirements: [alpha]\n');
    await sandbox.write('image.yml', 'name: base\nimage: debian:12\n');
    await sandbox.write('conda.yml', 'dependencies: [python=3.11]\n');
    await sandbox.write('pyproject.toml', '[project]\nname = "x"\n');
    await sandbox.write('latin.yml', Buffer.concat([Buffer.from('# \uFFFD\nname: caf'), Buffer.from([0xe9, 0x0a])]));
    await sandbox.write('photo.txt', Buffer.from('PK\0\x03'));
    await sandbox.write('train.py', 'print(1)\n');
    await sandbox.write('Pipfile', '[packages]\nalpha = "*"\n');
    await sandbox.write('site/environment.yml', 'requirements: more/r.txt\n');
    await sandbox.write('site/more/r.txt', 'alpha\nbeta=1\n');
    await sandbox.write('site/loose.txt', '# c\nalpha\n');
    await sandbox.write('site/job.yml', 'command: echo\nenvironment: environment.yml\ncomand: x\n');
    await sandbox.write(
      'multi.yml',
      'command: python x.py\nenvironment: file:ok.txt\ndistribution: { type: pytorch }\nresources: { instance_count: 4 }\n',
    );
    await sandbox.write('shared.yml', 'command: echo\nenvironment: file:ok.txt\nresources: { shm_size: 2g }\n');
    await sandbox.write(
      'nested.yml',
      'command: echo ${{inputs.tree}}\nenvironment: file:ok.txt\ninputs: { trees: 1 }\n',
    );
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  const cases: readonly (readonly [args: string[], exitCode: number, code: string, text: RegExp])[] = [
    [['env', 'craete'], 2, 'USAGE', /there is no command `env craete`.*Did you mean `terroir env create`\?/s],
    [['env', 'list', '--limt', '3'], 2, 'USAGE', /unknown option `--limt`.*--limit/s],
    [['envv'], 2, 'USAGE', /there is no command `envv`.*Did you mean `terroir env`\?/s],
    [['run', 'mutli.yml'], 104, 'FILE_NOT_FOUND', /the job file `mutli.yml`.*Did you mean `multi.yml`\?/s],
    [['env', 'create'], 2, 'USAGE', /there is nothing to register/],
    [['env', 'create', 'missing.yml'], 4, 'FILE_NOT_FOUND', /the file `missing.yml` does not exist/],
    [
      ['env', 'create', 'odd.yml'],
      3,
      'INVALID_DEFINITION',
      /odd.yml:2:1: unknown key `imagee`.*\n {2}hint: Did you mean `image`\?.*odd.yml:3:21: `numpy=1.2` is no Python requirement.*\n {2}hint: Write `numpy==1.2`/s,
    ],
    [['env', 'create', 'reserved.yml'], 3, 'RESERVED_NAME', /can not start with the prefix AzureML/],
    [
      ['env', 'create', 'pyproject.toml', '--name', 'x'],
      3,
      'UNSUPPORTED_FORMAT',
      /`pyproject.toml` is a Python project/,
    ],
    [['env', 'create', 'ok.txt'], 3, 'INVALID_NAME', /Environment name is required/],
    [['env', 'check', 'latin.yml'], 3, 'INVALID_DEFINITION', /latin.yml:2:10: the byte 0xe9 is not UTF-8.*iconv/s],
    [['env', 'check', 'photo.txt'], 3, 'INVALID_DEFINITION', /photo.txt:1:3: this is no text, but a binary file/],
    [['env', 'check', 'train.py'], 3, 'UNSUPPORTED_FORMAT', /`train.py` is a script/],
    [['env', 'check', 'Pipfile'], 3, 'UNSUPPORTED_FORMAT', /`Pipfile` is pipenv’s file/],
    [['env', 'check', 'site'], 4, 'ENVIRONMENT_NOT_FOUND', /To mean the folder of that name, write `.\/site`/],
    [['env', 'lock', 'site'], 4, 'ENVIRONMENT_NOT_FOUND', /To mean the folder of that name, write `.\/site`/],
    [['env', 'check', 'site/'], 3, 'INVALID_DEFINITION', /site\/more\/r.txt:2:5: `beta=1` is no Python requirement/],
    [['env', 'create', './site/environment.yml'], 3, 'INVALID_DEFINITION', /: site\/more\/r.txt:2:5: `beta=1`/],
    [['run', 'site/job.yml'], 103, 'INVALID_JOB', /site\/job.yml:3:1: unknown key `comand`/],
    [
      ['run', '--env', 'site/environment.yml', '--', 'true'],
      103,
      'INVALID_DEFINITION',
      /site\/more\/r.txt:2:5: `beta=1`/,
    ],
    [['env', 'show', 'nobody'], 4, 'ENVIRONMENT_NOT_FOUND', /No environment exists for name: nobody/],
    [['env', 'lock', 'clash.txt'], 6, 'UNSOLVABLE', /beta.*alpha/s],
    [
      ['env', 'lock', 'links.txt'],
      4,
      'FILE_NOT_FOUND',
      /error: links.txt:2:7: `--find-links \/nowhere\/wheels` names a folder that is not on this machine/,
    ],
    [['env', 'lock', 'ok.txt', '--platform', 'linux'], 2, 'USAGE', /there is no platform `linux`/],
    [['env', 'lock', 'ok.txt', '--dry-run'], 2, 'USAGE', /--dry-run goes with --relock/],
    [['env', 'lock', 'conda.yml', '--offline'], 8, 'OFFLINE', /conda/],
    [['run', '--env', 'image.yml', '--engine', 'docker', '--', 'true'], 104, 'ENGINE_NOT_FOUND', /needs docker/],
    [
      ['run', '--env', 'image.yml', '--target', 'podman', '--engine', 'docker', '--', 'true'],
      102,
      'USAGE',
      /two engines/,
    ],
    [['run', '--env', 'image.yml', '--target', 'moon', '--', 'true'], 102, 'USAGE', /no target `moon`/],
    [['run', '--env', 'ok.txt', '--', 'pyhton', 'x.py'], 104, 'COMMAND_NOT_FOUND', /the command `pyhton`/],
    [['run', 'shared.yml'], 102, 'UNSUPPORTED_KEY', /`resources.shm_size` is not supported.*--target docker/s],
    [
      ['run', 'multi.yml'],
      102,
      'UNSUPPORTED_KEY',
      /multi.yml:3:1: `distribution` is not supported.*`instance_count: 4` is not supported/s,
    ],
    [['run', 'nested.yml'], 103, 'INVALID_JOB', /nested.yml:1:10: there is no input `tree`.*Did you mean `trees`\?/s],
    [['run', '--env', 'ok.txt'], 102, 'USAGE', /there is nothing to run/],
    [['run', '--env', 'ok.txt', '--var', '1A=x', '--', 'true'], 102, 'USAGE', /`1A` is no name of a variable/],
    [['runs', 'show', 'nope'], 4, 'RUN_NOT_FOUND', /there is no run `nope`/],
    [['model', 'show', 'nope'], 4, 'MODEL_NOT_FOUND', /there is no model `nope`/],
    [['env', 'lock', 'unlocked.txt', '--offline'], 8, 'OFFLINE', /offline/],
  ];
  it.each(cases)('terroir %j ends with %i, %s', async (args, exitCode, code, text) => {
    const plain = await sandbox.run(args);
    expect(plain.exitCode).toBe(exitCode);
    expect(plain.stderr).toMatch(text);
    expect(plain.stderr).not.toMatch(/\n\s+at /);
    const position = args.indexOf('--') === -1 ? args.length : args.indexOf('--');
    const json = await sandbox.run([...args.slice(0, position), '--json', ...args.slice(position)]);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code, message: expect.any(String) } });
  });

  it('names files as the caller does, in what it finds too', async () => {
    expect((await sandbox.run(['env', 'check', './site/loose.txt'])).stdout).toContain('site/loose.txt:2:1: info');
    const fixed = await sandbox.run(['env', 'check', 'site/loose.txt', '--fix', '-q']);
    expect(fixed.stdout).toContain('changed site/loose.txt');
  });

  it('says that an index is down, or wants a password', async () => {
    const down = await sandbox.run(['env', 'lock', 'down.txt'], {
      env: { PIP_INDEX_URL: 'http://127.0.0.1:9/simple' },
    });
    expect(down.exitCode).toBe(8);
    const locked = await startPypiIndex([makeWheel({ name: 'alpha', version: '1.0' })], {
      login: { user: 'ada', password: 'pass-word-1' },
    });
    const refused = await sandbox.run(['env', 'lock', 'login.txt'], { env: { PIP_INDEX_URL: locked.url } });
    expect(refused.exitCode).toBe(9);
    const accepted = await sandbox.run(
      ['run', '--env', 'login.txt', '--', 'python', '-c', 'import alpha; print(alpha.__version__)'],
      { env: { PIP_INDEX_URL: locked.urlWithLogin } },
    );
    expect(accepted).toMatchObject({ exitCode: 0, stdout: '1.0\n' });
    const everything = await sandbox.run(['env', 'lock', 'login.txt', '--export', 'json']);
    expect(everything.stdout + accepted.stderr + refused.stderr).not.toContain('pass-word-1');
    await locked.close();
  });

  it('tells an empty list from one where nothing fits', async () => {
    const place = { env: { TERROIR_WORKSPACE: `${sandbox.folder}/fresh`, TERROIR_CATALOG: 'none' } };
    const none = await sandbox.run(['runs', 'list'], place);
    expect(none.stdout).toBe('no runs yet: `terroir run JOB.yml` makes one\n');
    expect((await sandbox.run(['runs', 'list', '--status', 'Failed'], place)).stdout).toBe('no runs of that kind\n');
    expect((await sandbox.run(['env', 'list', '--archived'], place)).stdout).toBe('no environments of that kind\n');
  });

  it('shows help for everything', async () => {
    const overview = await sandbox.run(['--help']);
    expect(overview.exitCode).toBe(0);
    expect(overview.stdout.split('\n').length).toBeLessThan(50);
    const names = [...overview.stdout.matchAll(/^ {2}((?:env|runs|model|cache) [a-z]+|run|doctor)[ ,]/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(names.length).toBeGreaterThan(20);
    for (const name of names.slice(0, 3)) {
      const page = (await sandbox.run([...name.split(' '), '--help'])).stdout;
      expect(page).toContain('Examples:');
      expect((await sandbox.run(['help', ...name.split(' ')])).stdout).toBe(page);
    }
  });
});

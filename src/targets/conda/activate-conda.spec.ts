import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activateConda, deactivateConda } from './index.ts';

describe('activating a conda prefix', () => {
  let prefix: string;
  beforeEach(async () => {
    prefix = await mkdtemp(join(tmpdir(), "terroir it's active-"));
  });
  afterEach(async () => {
    await rm(prefix, { recursive: true, force: true });
  });

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(prefix, 'etc/conda', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  };
  const parts = (more: Partial<Parameters<typeof activateConda>[1]> = {}): Parameters<typeof activateConda>[1] => ({
    callerEnv: { PATH: '/usr/bin:/bin', HOME: '/home/me', CONDA_PREFIX: '/other', LEFT: 'caller' },
    binFolder: join(prefix, 'bin'),
    ...more,
  });
  const options = { name: 'iris', variables: {}, cwd: '/' };
  const conda = (): Record<string, string> => ({
    CONDA_PREFIX: prefix,
    CONDA_DEFAULT_ENV: prefix,
    CONDA_SHLVL: '1',
    CONDA_PROMPT_MODIFIER: '(iris) ',
    AZUREML_CONDA_ENVIRONMENT_PATH: prefix,
    PATH: `${prefix}/bin:/usr/bin:/bin`,
    HOME: '/home/me',
    LEFT: 'caller',
    PYTHONNOUSERSITE: '1',
    PYTHONUNBUFFERED: '1',
  });

  it('sets what conda sets, and needs no shell where no script is', async () => {
    expect(await activateConda(prefix, parts(), options)).toEqual({ env: conda(), removed: ['CONDA_PREFIX'] });
  });

  it('takes the variables of packages, then the definition’s, then those of the run', async () => {
    write({
      'env_vars.d/a.json': '{"A": "package", "B": "package", "C": "package", "D": "package", "LEFT": "***unset***"}',
      'env_vars.d/b.json': '{"A": "second"}',
      'env_vars.d/note.txt': 'no list',
    });
    const { env } = await activateConda(
      prefix,
      parts({ definitionVariables: { C: 'definition' }, jobVariables: { D: 'job' } }),
      { ...options, variables: { B: 'conda file' } },
    );
    const { LEFT: _, ...rest } = conda();
    expect(env).toEqual({ ...rest, A: 'second', B: 'conda file', C: 'definition', D: 'job' });
  });

  it('sources scripts in their order, and keeps of them the variables and nothing else', async () => {
    write({
      'activate.d/b.sh': 'export ORDER="${ORDER}b"; [[ $ORDER == ab ]] && export BASH_WAS_HERE=yes\n',
      'activate.d/a.sh': 'export ORDER=a CUT="$CONDA_PREFIX/x" LINES="1\n2="; unset LEFT; cd /tmp; false\n',
      'activate.d/c.sh': 'echo "says hello"; echo "and complains" >&2; PATH="/extra:$PATH"; not_exported=1\n',
      'activate.d/d.fish': 'exit 1\n',
      'deactivate.d/a.sh': 'exit 1\n',
    });
    const said: string[] = [];
    const { env } = await activateConda(prefix, parts(), { ...options, onOutput: (text) => said.push(text) });
    const { LEFT: _, ...rest } = conda();
    expect(env).toEqual({
      ...rest,
      ORDER: 'ab',
      BASH_WAS_HERE: 'yes',
      CUT: `${prefix}/x`,
      LINES: '1\n2=',
      PATH: `/extra:${prefix}/bin:/usr/bin:/bin`,
    });
    expect(said.join('')).toBe('says hello\nand complains\n');
  });

  it('lets variables of definition, job and run win over scripts', async () => {
    write({
      'activate.d/a.sh':
        'export OMP_NUM_THREADS=64 SEEN="$OMP_NUM_THREADS" J=script TERROIR_RUN_ID=script PATH=/only\n',
    });
    const { env } = await activateConda(
      prefix,
      parts({
        definitionVariables: { OMP_NUM_THREADS: '1', PATH: '/defined' },
        jobVariables: { J: 'job' },
        runVariables: { TERROIR_RUN_ID: 'r1' },
      }),
      options,
    );
    expect(env).toMatchObject({ OMP_NUM_THREADS: '1', SEEN: '1', J: 'job', TERROIR_RUN_ID: 'r1', PATH: '/only' });
  });

  it.each([
    ['ends the shell', 'exit 3\n', 'ACTIVATION_FAILED', /ended the shell that ran it \(exit code 3\)/],
    ['stops at the first failure', 'set -e; echo "no luck" >&2; false\n', 'ACTIVATION_FAILED', /exit code 1/],
  ])('reports a script that %s', async (_what, text, code, message) => {
    write({ 'activate.d/a.sh': text });
    await expect(activateConda(prefix, parts(), options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('reports a list of variables that is none', async () => {
    for (const text of ['{', '[]', '{"A": 1}', '{"A=B": "x"}']) {
      write({ 'env_vars.d/a.json': text });
      await expect(activateConda(prefix, parts(), options)).rejects.toMatchObject({ code: 'INVALID_PACKAGE' });
    }
  });

  it('stops when told to', async () => {
    write({ 'activate.d/a.sh': 'sleep 60\n' });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    await expect(activateConda(prefix, parts(), { ...options, signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELED',
    });
  });

  it('leaves the prefix by its scripts, the last first, with the variables of what ran in it', async () => {
    const log = join(prefix, 'log');
    write({ 'deactivate.d/a.sh': `echo "a $X" >> "$LOG"\n`, 'deactivate.d/b.sh': 'echo "b $X" >> "$LOG"\n' });
    await deactivateConda(prefix, { PATH: '/usr/bin:/bin', X: '1', LOG: log }, { cwd: '/' });
    expect(readFileSync(log, 'utf8')).toBe('b 1\na 1\n');
  });
});

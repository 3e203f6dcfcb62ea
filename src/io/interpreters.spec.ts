import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pythonsForTests } from '../../test/kit/pythons.ts';
import { findInterpreter, type InterpreterSearch, inspectInterpreter, listInterpreters } from './interpreters.ts';

let folder = '';
let search: InterpreterSearch;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'terroir-python-')));
  await mkdir(join(folder, 'bin'));
  search = {
    env: { PATH: join(folder, 'bin'), PYENV_ROOT: join(folder, 'pyenv'), HOME: folder },
    home: folder,
    cacheFolder: join(folder, 'cache'),
  };
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const anyPython = async () => {
  const python = (await pythonsForTests()).at(-1);
  if (python === undefined) throw new Error('these tests need a Python');
  return python;
};
/** A program in PATH that counts its calls and passes them on. */
const counting = async (name: string, target: string): Promise<() => Promise<number>> => {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\necho called >> "${folder}/calls"\nexec "${target}" "$@"\n`, {
    mode: 0o755,
  });
  return async () => (await readFile(join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1;
};

test('an interpreter says what it is', async () => {
  const python = await anyPython();
  expect(await inspectInterpreter(python.executable, search)).toEqual(python);
  expect(python.version.startsWith(`${python.minor}.`)).toBe(true);
  expect(python).toMatchObject({ implementation: 'cpython', home: join(python.executable, '..') });
});

test('a virtual environment stands for its base', async () => {
  const python = await anyPython();
  for (const options of [[], ['--copies']]) {
    const venv = join(folder, `venv${options.length}`);
    execFileSync(python.executable, ['-m', 'venv', '--without-pip', ...options, venv]);
    const found = await inspectInterpreter(join(venv, 'bin', 'python'), search);
    expect(await realpath(found.executable)).toBe(await realpath(python.executable));
    expect(found.version).toBe(python.version);
    search.env.PATH = join(venv, 'bin');
    expect((await findInterpreter(search, { fits: () => true, subject: 'any' })).home).not.toContain(venv);
  }
});

test('folders of PATH that cannot be looked into are passed over', async () => {
  const python = await anyPython();
  await counting('python3', python.executable);
  await symlink(join(folder, 'loop'), join(folder, 'loop'));
  search.env.PATH = [join(folder, 'loop'), join(folder, 'x'.repeat(300)), join(folder, 'bin')].join(delimiter);
  expect((await findInterpreter(search, { fits: () => true, subject: 'any' })).version).toBe(python.version);
});

test('the second look starts nothing; a changed program is asked again', async () => {
  const python = await anyPython();
  const calls = await counting('python3', python.executable);
  const shim = join(folder, 'bin', 'python3');
  await inspectInterpreter(shim, search);
  await inspectInterpreter(shim, search);
  expect(await calls()).toBe(1);
  await appendFile(shim, '# changed\n');
  await inspectInterpreter(shim, search);
  expect(await calls()).toBe(2);
  search.env.PYENV_VERSION = '3.9';
  await inspectInterpreter(shim, search);
  expect(await calls()).toBe(3);
  const none = await counting('python3.8', '/bin/false');
  await expect(inspectInterpreter(join(folder, 'bin', 'python3.8'), search)).rejects.toMatchObject({
    code: 'PYTHON_NOT_FOUND',
  });
  await expect(inspectInterpreter(join(folder, 'bin', 'python3.8'), search)).rejects.toMatchObject({
    code: 'PYTHON_NOT_FOUND',
  });
  expect(await none()).toBe(4);
});

test('PATH comes first, then the rest; each Python once', async () => {
  const pythons = await pythonsForTests();
  const [oldest, newest] = [pythons[0], pythons.at(-1)];
  if (oldest === undefined || newest === undefined) throw new Error('these tests need a Python');
  await counting('python3', oldest.executable);
  await symlink('python3', join(folder, 'bin', 'python'));
  for (const each of [oldest, newest]) {
    await mkdir(join(folder, 'pyenv', 'versions', each.version, 'bin'), { recursive: true });
    await symlink(each.executable, join(folder, 'pyenv', 'versions', each.version, 'bin', 'python3'));
  }
  const found = await listInterpreters(search);
  expect(found[0]?.version).toBe(oldest.version);
  expect(found.filter(({ version }) => version === oldest.version)).toHaveLength(1);
  expect(found.map(({ version }) => version)).toContain(newest.version);
  expect((await findInterpreter(search, { fits: () => true, subject: 'any' })).version).toBe(oldest.version);
  const wanted = {
    fits: ({ minor }: { minor: string }) => minor === newest.minor,
    subject: newest.minor,
    minor: newest.minor,
  };
  expect((await findInterpreter(search, wanted)).minor).toBe(newest.minor);
});

test('none that fits: what there is, and how to get one', async () => {
  await counting('python3', (await anyPython()).executable);
  const failure: unknown = await findInterpreter(search, {
    fits: () => false,
    subject: 'Python 3.77',
    minor: '3.77',
  }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PYTHON_NOT_FOUND', message: 'Python 3.77 is not on this machine' });
  expect(failure).toMatchObject({
    hint: expect.stringMatching(
      /^Found: 3\.\d+\.\d+ \(\/.+\)\. Install it \(`uv python install 3\.77`, pyenv, or your system’s packages\), or name another one in `python: \{version: …\}`\.$/,
    ) as unknown,
  });
});

test('PYTHONHOME and PYTHONPATH of the caller do not reach it', async () => {
  const python = await anyPython();
  search.env.PYTHONHOME = '/nowhere';
  search.env.PYTHONPATH = '/nowhere';
  expect((await inspectInterpreter(python.executable, search)).version).toBe(python.version);
});

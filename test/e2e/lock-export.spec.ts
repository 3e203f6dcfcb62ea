import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkLock, exportLock, serialiseLock } from '../../src/resolve/index.ts';
import type { Lock } from '../../src/schema/index.ts';
import { defaultPython, lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { makeSdist } from '../kit/sdist.ts';
import { uvForTests } from '../kit/uv.ts';
import { makeWheel } from '../kit/wheel.ts';

/** Not the synchronous one: the index answers in this process. */
const run = promisify(execFile);
let here: Machine;
let python = '';
let lock: Lock;
const indexes: PypiIndex[] = [];
const wheels = [
  makeWheel({ name: 'web', version: '1.0', requires: ['router', 'private'] }),
  makeWheel({ name: 'router', version: '2.0+local.1' }),
  makeWheel({ name: 'by-address', version: '1.0' }),
];

beforeAll(async () => {
  here = await makeMachine();
  const main = await startPypiIndex(wheels);
  const extra = await startPypiIndex([
    makeWheel({ name: 'private', version: '3.0' }),
    makeSdist({ name: 'built', version: '1' }),
  ]);
  indexes.push(main, extra);
  const venv = join(here.folder, 'venv');
  await run((await defaultPython()).executable, ['-m', 'venv', venv]);
  python = join(venv, 'bin', 'python');
  const address = main.fileUrl('by_address-1.0-py3-none-any.whl');
  lock = await lockOn(here, {
    requirements: [`--index-url ${main.url}`, `--extra-index-url ${extra.url}`, 'web', `by-address @ ${address}`],
  });
});
afterAll(async () => {
  for (const index of indexes) await index.close();
  await here.remove();
});

const tool = async (command: string, args: string[]): Promise<string> => {
  const env = {
    PATH: here.env.PATH,
    HOME: here.home,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_CONFIG_FILE: '/dev/null',
    UV_CACHE_DIR: join(here.folder, 'other-cache'),
    NO_COLOR: '1',
  };
  return (await run(command, args, { env, timeout: 60_000 })).stdout;
};
const exported = async (format: 'requirements' | 'pylock', name: string): Promise<string> => {
  const path = join(here.folder, name);
  await writeFile(path, exportLock(lock, format));
  return path;
};

test('requirements with digests install with pip and uv', async () => {
  const path = await exported('requirements', 'exported.txt');
  const said = await tool(python, ['-m', 'pip', 'install', '--dry-run', '--require-hashes', '-r', path]);
  expect(/Would install (.+)/.exec(said)?.[1]?.split(' ').sort()).toEqual([
    'by-address-1.0',
    'private-3.0',
    'router-2.0+local.1',
    'web-1.0',
  ]);
  await tool((await uvForTests()).path, [
    'pip',
    'sync',
    '--require-hashes',
    '--index-strategy',
    'unsafe-best-match',
    '--python',
    python,
    path,
  ]);
  expect(await tool(python, ['-m', 'pip', 'list', '--format', 'freeze'])).toContain('router==2.0+local.1');
});

test('pylock.toml installs with uv, and follows PEP 751', async () => {
  const path = await exported('pylock', 'pylock.toml');
  await tool((await uvForTests()).path, ['pip', 'sync', '--reinstall', '--python', python, path]);
  expect((await tool(python, ['-c', 'import web, router, private; print(router.__version__)'])).trim()).toBe(
    '2.0+local.1',
  );
  const { minor } = await defaultPython();
  const document = parse(exportLock(lock, 'pylock'));
  expect(document).toMatchObject({ 'lock-version': '1.0', 'requires-python': `==${minor}.*`, 'created-by': 'terroir' });
  expect(document.packages).toHaveLength(4);
  const pip = /^pip (\d+)\.(\d+)/.exec(await tool(python, ['-m', 'pip', '--version']));
  // Newer ones read it, as a try.
  if (Number(pip?.[1]) >= 26) await tool(python, ['-m', 'pip', 'install', '--dry-run', '-r', path]);
});

test('json is the lock itself, and is read back', () => {
  const text = exportLock(lock, 'json');
  expect(text).toBe(serialiseLock(lock));
  const read = checkLock(JSON.parse(text));
  expect(serialiseLock(read)).toBe(text);
  expect(() => checkLock({ ...read, packages: [] })).toThrow('its digest is not that of its content');
  expect(() => checkLock({ ...read, platform: 'amiga' })).toThrow('the lock cannot be read: platform');
  expect(() => checkLock(read, { platform: 'osx-64' })).toThrow('the lock is for the platform linux-64, not osx-64');
});

test('what only this workspace has cannot be told to others', async () => {
  const built = await lockOn(here, { requirements: [`--index-url ${indexes[1]?.url}`, 'built', 'private'] });
  for (const format of ['pylock', 'requirements'] as const) {
    expect(() => exportLock(built, format)).toThrow('the lock has packages that no address names: `built`');
  }
  expect(exportLock(built, 'json')).toContain('"builtFrom"');
});

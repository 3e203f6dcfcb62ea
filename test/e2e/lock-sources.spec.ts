import { execFileSync } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { serialiseLock } from '../../src/resolve/index.ts';
import type { Lock, PypiPackage } from '../../src/schema/index.ts';
import { defaultPython, leftovers, lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { makeSdist, projectFiles, writeProject } from '../kit/sdist.ts';
import { makeWheel } from '../kit/wheel.ts';

let index: PypiIndex;
let here: Machine;
const helper = makeWheel({ name: 'helper', version: '1.0', files: { 'helper.py': 'value = 7\n' } });

beforeAll(async () => {
  index = await startPypiIndex([
    makeWheel({ name: 'base', version: '1.0' }),
    makeWheel({ name: 'base', version: '1.1' }),
    helper,
  ]);
});
afterAll(async () => await index.close());
beforeEach(async () => {
  here = await makeMachine();
});
afterEach(async () => {
  expect(await leftovers(here)).toEqual([]);
  await here.remove();
});

const builds = async (log: string): Promise<number> =>
  (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').length;
const find = (lock: Lock, name: string): PypiPackage | undefined =>
  lock.packages.filter((each) => each.kind === 'pypi').find((each) => each.name === name);

test('a wheel, a source and a project beside the definition', async () => {
  const log = join(here.folder, 'builds');
  const wheel = makeWheel({ name: 'own-wheel', version: '2.0', requires: ['base'] });
  const sdist = makeSdist({ name: 'own-source', version: '1.5', requires: ['base'], buildLog: log });
  const project = projectFiles({
    name: 'Own.Project',
    version: '0.1',
    requires: ['base'],
    extras: { more: ['helper'] },
    buildLog: log,
  });
  const files = {
    [`wheels/${wheel.filename}`]: wheel.bytes,
    [sdist.filename]: sdist.bytes,
    ...Object.fromEntries(Object.entries(project).map(([path, text]) => [`src tree/${path}`, text])),
  };
  const requirements = [
    `--index-url ${index.url}`,
    `./wheels/${wheel.filename}`,
    `./${sdist.filename}`,
    '-e "./src tree[more]"'.replaceAll('"', ''),
  ];
  const lock = await lockOn(here, { requirements, files });
  expect(lock.packages.map(({ name, requested }) => [name, requested])).toEqual([
    ['base', false],
    ['helper', false],
    ['own-project', true],
    ['own-source', true],
    ['own-wheel', true],
  ]);
  expect(find(lock, 'own-wheel')).toMatchObject({
    version: '2.0',
    filename: wheel.filename,
    sha256: wheel.sha256,
    size: wheel.bytes.length,
    local: `wheels/${wheel.filename}`,
    dependencies: ['base'],
  });
  expect(find(lock, 'own-wheel')).not.toHaveProperty('url');
  expect(find(lock, 'own-source')).toMatchObject({
    version: '1.5',
    dependencies: ['base'],
    builtFrom: { kind: 'sdist', url: sdist.filename, digest: sdist.sha256 },
  });
  expect(find(lock, 'own-project')).toMatchObject({
    version: '0.1',
    dependencies: ['base', 'helper'],
    builtFrom: { kind: 'project', url: 'src tree' },
  });
  expect(await builds(log)).toBe(2);
  expect(serialiseLock(lock)).not.toContain(here.folder);
  expect(await here.store.hasArchive(find(lock, 'own-project')?.sha256 ?? '')).toBe(true);

  expect(serialiseLock(await lockOn(here, { requirements, files }))).toBe(serialiseLock(lock));
  expect(await builds(log)).toBe(2);
  await appendFile(join(here.folder, 'project', 'src tree', 'Own_Project', '__init__.py'), '# changed\n');
  const changed = await lockOn(here, { requirements });
  expect(await builds(log)).toBe(3);
  expect(find(changed, 'own-project')?.sha256).not.toBe(find(lock, 'own-project')?.sha256);
  expect(find(changed, 'own-source')).toEqual(find(lock, 'own-source'));
});

test('two at once build once', async () => {
  const log = join(here.folder, 'builds');
  index.publish(
    makeSdist({ name: 'slow-build', version: '1', buildLog: log, buildStep: 'import time; time.sleep(1)' }),
  );
  const request = { requirements: [`--index-url ${index.url}`, 'slow-build'] };
  const [one, two] = await Promise.all([lockOn(here, request), lockOn(here, request)]);
  expect(serialiseLock(one)).toBe(serialiseLock(two));
  expect(await builds(log)).toBe(1);
});

test('a build sees what it requires, and nothing else', async () => {
  const step =
    'import importlib.util as u; assert u.find_spec("helper"); assert not u.find_spec("pip"); assert not u.find_spec("intruder")';
  index.publish(makeSdist({ name: 'isolated', version: '1', buildRequires: ['helper==1.0'], buildStep: step }));
  const folder = join(here.folder, 'intruder');
  await writeProject(folder, { name: 'x', version: '1', files: { 'intruder.py': '' } });
  here.env.PYTHONPATH = folder;
  here.env.VIRTUAL_ENV = folder;
  const lock = await lockOn(here, { requirements: [`--index-url ${index.url}`, 'isolated'] });
  expect(lock.packages).toHaveLength(1);
});

test('settings for a build backend reach it', async () => {
  const log = join(here.folder, 'builds');
  index.publish(makeSdist({ name: 'configured', version: '1', buildLog: log }));
  const line = (value: string): string[] => [
    `--index-url ${index.url}`,
    `configured --config-settings="level=${value}"`,
  ];
  await lockOn(here, { requirements: line('high') });
  await lockOn(here, { requirements: line('low') });
  expect(await readFile(log, 'utf8')).toBe("configured-1 {'level': 'high'}\nconfigured-1 {'level': 'low'}\n");
});

test('archives by address', async () => {
  const log = join(here.folder, 'builds');
  const wheel = makeWheel({ name: 'by-address', version: '3.0', requires: ['base'] });
  const sdist = makeSdist({ name: 'src-address', version: '3.1', buildLog: log });
  index.publish(wheel);
  index.publish(sdist);
  const requirements = [
    `--index-url ${index.url}`,
    `by-address @ ${index.fileUrl(wheel.filename)}`,
    index.fileUrl(sdist.filename),
  ];
  const lock = await lockOn(here, { requirements });
  expect(find(lock, 'by-address')).toMatchObject({
    version: '3.0',
    url: index.fileUrl(wheel.filename),
    sha256: wheel.sha256,
    size: wheel.bytes.length,
    requested: true,
    dependencies: ['base'],
  });
  expect(find(lock, 'by-address')).not.toHaveProperty('index');
  expect(find(lock, 'src-address')).toMatchObject({
    version: '3.1',
    requested: true,
    builtFrom: { kind: 'archive', url: index.fileUrl(sdist.filename), digest: sdist.sha256 },
  });
  expect(serialiseLock(await lockOn(here, { requirements }))).toBe(serialiseLock(lock));
  expect(serialiseLock(await lockOn(here, { requirements, offline: true }))).toBe(serialiseLock(lock));
  expect(await builds(log)).toBe(1);
});

test('a project in a folder of an archive', async () => {
  const inner = projectFiles({ name: 'inner', version: '4.0', requires: ['base'] });
  const files = Object.fromEntries(Object.entries(inner).map(([path, text]) => [`deep/er/${path}`, text]));
  const { bytes } = makeSdist({ name: 'outer', version: '1', files });
  index.publish({ filename: 'main-1.tar.gz', bytes });
  const address = index.fileUrl('main-1.tar.gz');
  const lock = await lockOn(here, {
    requirements: [`--index-url ${index.url}`, `inner @ ${address}#subdirectory=deep/er`],
  });
  expect(find(lock, 'inner')).toMatchObject({
    version: '4.0',
    dependencies: ['base'],
    builtFrom: { kind: 'archive', url: address, subdirectory: 'deep/er' },
  });
});

test('git: the commit is locked, moves only when asked, and is built once', async () => {
  const log = join(here.folder, 'builds');
  const work = join(here.folder, 'repository');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      encoding: 'utf8',
      env: { ...here.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).trim();
  await writeProject(join(work, 'packages', 'tool'), {
    name: 'tool',
    version: '1.0',
    requires: ['base'],
    buildLog: log,
  });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  const first = git('rev-parse', 'HEAD');
  const url = `git+file://${work}`;
  const requirements = [`--index-url ${index.url}`, `tool @ ${url}@main#subdirectory=packages/tool`, 'base==1.0'];
  const lock = await lockOn(here, { requirements });
  expect(find(lock, 'tool')).toMatchObject({
    version: '1.0',
    dependencies: ['base'],
    requested: true,
    builtFrom: { kind: 'git', url: `${url}@${first}`, subdirectory: 'packages/tool' },
  });
  expect(await builds(log)).toBe(1);

  await writeProject(join(work, 'packages', 'tool'), {
    name: 'tool',
    version: '2.0',
    requires: ['base'],
    buildLog: log,
  });
  git('commit', '-q', '-am', 'two');
  const kept = await lockOn(here, { requirements, seed: lock, upgrade: ['base'] });
  expect(find(kept, 'tool')).toEqual(find(lock, 'tool'));
  const moved = await lockOn(here, { requirements, seed: lock, upgrade: ['tool'] });
  expect(find(moved, 'tool')).toMatchObject({
    version: '2.0',
    builtFrom: { url: `${url}@${git('rev-parse', 'HEAD')}` },
  });
  expect(find(await lockOn(here, { requirements, upgrade: 'all' }), 'tool')?.version).toBe('2.0');
  expect(await builds(log)).toBe(2);
});

test('a source that cannot be built says why, without our folders', async () => {
  index.publish(
    makeSdist({
      name: 'broken',
      version: '1',
      buildStep: 'print("compiling foo.c", flush=True); raise RuntimeError("foo.h: no such file")',
    }),
  );
  const failure = await lockOn(here, { requirements: [`--index-url ${index.url}`, 'broken'] }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'BUILD_FAILED' });
  const message = failure instanceof Error ? failure.message : '';
  expect(message).toContain('compiling foo.c');
  expect(message).toContain('RuntimeError: foo.h: no such file');
  expect(message).not.toContain(join(here.folder, 'store', 'tmp'));
  expect(message.split('\n').length).toBeLessThan(30);
});

test('a source for another platform is refused by name', async () => {
  index.publish(makeSdist({ name: 'only-source', version: '1' }));
  const request = { requirements: [`--index-url ${index.url}`, 'only-source'], platform: 'osx-arm64' as const };
  await expect(lockOn(here, request)).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: `\`only-source\` has no wheel for Python ${(await defaultPython()).minor} on osx-arm64, and its source can be built only on that platform with that Python`,
  });
});

import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MadeWheel, makeWheel } from '../../test/kit/wheel.ts';
import { findInterpreter } from '../io/index.ts';
import { type PlanPython, planPrefix } from '../plan/index.ts';
import type { Lock, PypiPackage } from '../schema/index.ts';
import { createStore, type Store, type UnpackedWheel } from '../store/index.ts';
import { createPrefixes, type Prefix, type Prefixes } from './index.ts';

function lockOf(
  packages: readonly (Partial<PypiPackage> & { name: string; version: string; wheel: MadeWheel })[],
  python: string,
): Lock {
  return {
    lockVersion: 1,
    fingerprint: 'f',
    platform: 'linux-64',
    python: { version: python, source: 'machine' },
    inputs: { channels: [], indexes: [], findLinks: [], virtualPackages: {}, tools: {} },
    packages: packages.map(({ wheel, ...rest }) => ({
      kind: 'pypi',
      filename: wheel.filename,
      sha256: wheel.sha256,
      size: wheel.bytes.length,
      dependencies: [],
      requested: false,
      index: 'https://index',
      ...rest,
    })),
    digest: `digest-${packages.map(({ wheel }) => wheel.sha256.slice(0, 8)).join('-')}`,
  };
}

describe('a prefix', () => {
  let root: string;
  let store: Store;
  let prefixes: Prefixes;
  let python: PlanPython;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir prefix-'));
    store = createStore({ root, threads: 1 });
    prefixes = createPrefixes({ root, store });
    const search = { env: process.env, home: root, cacheFolder: join(root, 'interpreters') };
    python = await findInterpreter(search, { fits: () => true, subject: 'any Python' });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const make = async (packages: Parameters<typeof lockOf>[0], place: Prefixes = prefixes): Promise<Prefix> => {
    const lock = lockOf(packages, python.minor);
    const wheels = new Map<string, UnpackedWheel>();
    for (const { wheel } of packages) {
      await store.ensureArchive(
        { sha256: wheel.sha256, filename: wheel.filename },
        async (file) => await writeFile(file, wheel.bytes),
      );
      wheels.set(wheel.sha256, await store.ensureWheel(wheel.sha256, wheel.filename));
    }
    const key = place.key(lock.digest, python);
    return (await place.ensure(key, async (prefix) => planPrefix({ lock, wheels, python, prefix }))).prefix;
  };
  const run = (prefix: Prefix, ...args: string[]): string =>
    execFileSync(args[0] as string, args.slice(1), {
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: `${prefix.path}/bin:/usr/bin:/bin` },
    });

  it('installs a wheel as the specification says', async () => {
    const wheel = makeWheel({
      name: 'Odd.Name',
      version: '1.0',
      files: {
        'odd_name/__init__.py': 'def main():\n    print("entry point")\n',
        'odd_name/ünïcode.txt': 'x',
        'plat.txt': '1',
      },
      entryPoints: { console_scripts: { odd: 'odd_name:main' }, gui_scripts: { 'odd-gui': 'odd_name:main' } },
      scripts: { plain: '#!/bin/sh\necho plain\n', script: '#!pythonw -E\nimport sys; print(sys.prefix)\n' },
      data: {
        'purelib/pure.py': 'pure = 1\n',
        'platlib/plat.py': 'plat = 1\n',
        'headers/odd.h': '#define ODD\n',
        'data/share/odd/data.txt': 'shared\n',
        'data/lib64/odd.txt': '64\n',
      },
    });
    const prefix = await make([{ name: 'odd-name', version: '1.0', wheel, requested: true }]);
    const site = `lib/python${python.minor}/site-packages`;
    const read = (path: string): string => readFileSync(join(prefix.path, path), 'utf8');
    expect(run(prefix, 'odd')).toBe('entry point\n');
    expect(run(prefix, 'odd-gui')).toBe('entry point\n');
    expect(run(prefix, 'plain')).toBe('plain\n');
    expect(run(prefix, 'script').trim()).toBe(prefix.path);
    expect(
      run(prefix, 'python', '-c', 'import odd_name, pure, plat, sys, site; print(sys.prefix, site.ENABLE_USER_SITE)'),
    ).toContain(prefix.path);
    expect(read('share/odd/data.txt')).toBe('shared\n');
    expect(read('lib/odd.txt')).toBe('64\n');
    expect(read(`include/site/python${python.minor}/odd-name/odd.h`)).toBe('#define ODD\n');
    expect(read(`${site}/Odd_Name-1.0.dist-info/INSTALLER`)).toBe('terroir\n');
    expect(read(`${site}/Odd_Name-1.0.dist-info/REQUESTED`)).toBe('');
    const record = read(`${site}/Odd_Name-1.0.dist-info/RECORD`);
    expect(record).toContain('../../../bin/odd,sha256=');
    expect(record).toContain('Odd_Name-1.0.dist-info/RECORD,,\n');
    expect(read('pyvenv.cfg')).toContain(`home = ${python.home}\n`);
    expect(readlinkSync(join(prefix.path, 'bin/python'))).toBe(python.executable);
    expect(readlinkSync(join(prefix.path, `bin/python${python.minor}`))).toBe('python');
    expect(statSync(prefix.path).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(prefix.path, site, 'odd_name/__init__.py')).mode & 0o222).toBe(0);
    // Python's own view of it: every recorded file is there, with the recorded digest.
    const check =
      'import importlib.metadata as m, hashlib, base64\nfor f in m.files("odd-name"):\n  b = f.locate().read_bytes()\n  assert f.hash is None or base64.urlsafe_b64encode(hashlib.sha256(b).digest()).rstrip(b"=").decode() == f.hash.value, f\nprint("whole")';
    expect(run(prefix, 'python', '-c', check)).toBe('whole\n');
  });

  it('shares files with the store by hard link or clone, and costs nothing the second time', async () => {
    const wheel = makeWheel({ name: 'shared', version: '1.0' });
    const first = await make([{ name: 'shared', version: '1.0', wheel }]);
    expect(await make([{ name: 'shared', version: '1.0', wheel }])).toEqual(first);
    expect(await prefixes.find(first.key)).toEqual(first);
    expect(await prefixes.verify(first.key)).toMatchObject({ damaged: [] });
  });

  it('gives a path that two packages have to the later one', async () => {
    const a = makeWheel({ name: 'first', version: '1', files: { 'common.py': 'owner = "first"\n', 'first.py': '' } });
    const b = makeWheel({ name: 'second', version: '1', files: { 'common.py': 'owner = "second"\n' } });
    const prefix = await make([
      { name: 'first', version: '1', wheel: a },
      { name: 'second', version: '1', wheel: b },
    ]);
    expect(run(prefix, 'python', '-c', 'import common; print(common.owner)')).toBe('second\n');
    const record = readFileSync(
      join(prefix.path, `lib/python${python.minor}/site-packages/first-1.dist-info/RECORD`),
      'utf8',
    );
    expect(record).toContain('first.py,');
    expect(record).not.toContain('common.py');
  });

  it('refuses a folder where another package has a file, and a wheel that is another package', async () => {
    const a = makeWheel({ name: 'one', version: '1', files: { thing: 'file' } });
    const b = makeWheel({ name: 'two', version: '1', files: { 'thing/x.py': '' } });
    await expect(
      make([
        { name: 'one', version: '1', wheel: a },
        { name: 'two', version: '1', wheel: b },
      ]),
    ).rejects.toMatchObject({ code: 'PACKAGE_CONFLICT' });
    await expect(make([{ name: 'other', version: '1', wheel: a }])).rejects.toMatchObject({ code: 'INVALID_WHEEL' });
  });

  it('runs scripts from a path that is too long for a first line', async () => {
    const folder = join(root, 'a'.repeat(120));
    mkdirSync(folder);
    const far = createPrefixes({ root: folder, store });
    const wheel = makeWheel({
      name: 'far',
      version: '1',
      files: { 'far.py': 'def main():\n    print("far away")\n' },
      entryPoints: { console_scripts: { far: 'far:main' } },
    });
    const prefix = await make([{ name: 'far', version: '1', wheel }], far);
    expect(run(prefix, 'far')).toBe('far away\n');
  });

  it('notices what was changed, removed and added, and nothing else', async () => {
    const wheel = makeWheel({ name: 'watched', version: '1' });
    const prefix = await make([{ name: 'watched', version: '1', wheel }]);
    run(prefix, 'python', '-c', 'import watched');
    expect((await prefixes.verify(prefix.key)).damaged).toEqual([]);
    await rm(join(prefix.path, 'bin/python3'));
    await writeFile(join(prefix.path, 'bin/stranger'), '');
    expect((await prefixes.verify(prefix.key)).damaged.map(({ reason }) => reason).sort()).toEqual([
      'it does not belong here',
      'it is missing',
    ]);
    expect(await prefixes.find(prefix.key)).toBeUndefined();
    const again = await make([{ name: 'watched', version: '1', wheel }]);
    expect((await prefixes.verify(again.key)).damaged).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { placeholder } from '../../test/kit/conda-folder.ts';
import { type CondaMachine, condaPackage, createCondaMachine } from '../../test/kit/conda-machine.ts';
import type { CondaContent } from '../../test/kit/conda-package.ts';
import { makeWheel } from '../../test/kit/wheel.ts';
import { sha256 } from '../schema/index.ts';
import type { Prefix } from './index.ts';

const binary = Buffer.concat([
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]),
  Buffer.from(`${placeholder}/lib:${placeholder}\0\x01`),
]);

describe('a conda prefix', () => {
  let root: string;
  let machine: CondaMachine;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-conda-'));
    machine = createCondaMachine(root);
  });
  afterEach(async () => {
    for (const { key } of await machine.prefixes.list()) await machine.prefixes.remove(key);
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const text = (content: string): CondaContent => ({ content, placeholder: { text: placeholder, mode: 'text' } });
  const library = (content: Uint8Array): CondaContent => ({
    content,
    placeholder: { text: placeholder, mode: 'binary' },
  });
  /** A Python in name, which says by which path it was called. */
  const python = condaPackage({
    name: 'python',
    version: '3.12.5',
    files: {
      'bin/python3.12': { content: '#!/bin/sh\necho "python $0 $*"\n', executable: true },
      'bin/python': { target: 'python3.12' },
      'lib/python3.12/os.py': { content: '', time: 1_700_000_000 },
      'lib/python3.12/__pycache__/os.cpython-312.pyc': 'code',
    },
  });
  const thing = condaPackage({
    name: 'thing',
    files: {
      'bin/thing': { ...(text(`#!${placeholder}/bin/python\nsays = "${placeholder}"\n`) as object), executable: true },
      'lib/libthing.so.1.0': library(binary),
      'lib/libthing.so': { target: 'libthing.so.1.0' },
      'lib/pkgconfig/thing.pc': text(`prefix=${placeholder}\n`),
      'include/thing.h': '#define THING\n',
      'bin/self': { content: 'elf', executable: true, noLink: true },
      'var/empty': { directory: true },
    },
  });
  const readIn = ({ path }: Prefix, file: string): string => readFileSync(join(path, file), 'latin1');
  const expectWhole = async ({ key }: Prefix): Promise<void> => {
    expect((await machine.prefixes.verify(key)).damaged).toEqual([]);
  };

  it('has every file where it belongs, rewritten for its place, sealed, and with the store’s times', async () => {
    const { prefix, outcome } = await machine.install([python, thing]);
    expect(outcome).toBe('made');
    const { path } = prefix;
    expect(prefix).toMatchObject({ python: `${path}/bin/python`, pythonVersion: '3.12.5' });
    expect(readIn(prefix, 'bin/thing')).toBe(`#!${path}/bin/python\nsays = "${path}"\n`);
    expect(execFileSync(join(path, 'bin/thing'), ['x'], { encoding: 'utf8' })).toBe(
      `python ${path}/bin/python ${path}/bin/thing x\n`,
    );
    const gap = '\0'.repeat(2 * (placeholder.length - path.length));
    expect(readIn(prefix, 'lib/libthing.so.1.0')).toBe(`\x7fELF\0${path}/lib:${path}${gap}\0\x01`);
    expect(readlinkSync(join(path, 'lib/libthing.so'))).toBe('libthing.so.1.0');
    expect(readIn(prefix, 'lib/libthing.so')).toBe(readIn(prefix, 'lib/libthing.so.1.0'));
    expect(readIn(prefix, 'lib/pkgconfig/thing.pc')).toBe(`prefix=${path}\n`);
    expect(statSync(join(path, 'var/empty')).isDirectory()).toBe(true);
    for (const [file, mode] of [
      ['bin/thing', 0o555],
      ['lib/libthing.so.1.0', 0o444],
      ['include/thing.h', 0o444],
      ['conda-meta/thing-1.0-0.json', 0o444],
      ['conda-meta/history', 0o444],
    ] as const)
      expect(statSync(join(path, file)).mode & 0o777, file).toBe(mode);
    expect(statSync(join(path, 'lib/python3.12/os.py')).mtimeMs).toBe(1_700_000_000_000);
    expect(statSync(join(path, 'include/thing.h')).nlink).toBe(2);
    expect(statSync(join(path, 'bin/self'))).toMatchObject({ nlink: 1, mode: 0o100555 });
    expect(statSync(join(path, 'lib/libthing.so.1.0')).nlink).toBe(1);
    expect(existsSync(join(path, 'pyvenv.cfg'))).toBe(false);
    expect(existsSync(join(path, 'lib/python3.12/EXTERNALLY-MANAGED'))).toBe(true);
    const { paths_data: data } = JSON.parse(readIn(prefix, 'conda-meta/thing-1.0-0.json')) as {
      paths_data: { paths: { _path: string; path_type: string; sha256_in_prefix: string }[] };
    };
    for (const each of data.paths.filter(({ path_type: type }) => type === 'hardlink'))
      expect(each.sha256_in_prefix, each._path).toBe(sha256(readFileSync(join(path, each._path))));
    await expectWhole(prefix);
    expect(await machine.install([python, thing])).toMatchObject({ outcome: 'cached', prefix });
  });

  it('needs no Python', async () => {
    const { prefix } = await machine.install([thing]);
    expect(prefix.pythonVersion).toBe('');
    expect(await machine.prefixes.find(prefix.key)).toEqual(prefix);
    await expectWhole(prefix);
  });

  it('is of the same files elsewhere, but for those that name their place', async () => {
    const { prefix: near } = await machine.install([python, thing]);
    const folder = join(root, 'a much longer path'.replaceAll(' ', '-'));
    mkdirSync(folder);
    const other = createCondaMachine(folder);
    const { prefix: far } = await other.install([python, thing]);
    expect(far.path.length).toBeGreaterThan(near.path.length + 10);
    expect(readIn(far, 'lib/libthing.so.1.0')).toContain(`${far.path}/lib:${far.path}\0`);
    expect(readIn(far, 'lib/libthing.so.1.0').length).toBe(readIn(near, 'lib/libthing.so.1.0').length);
    for (const file of ['bin/thing', 'lib/pkgconfig/thing.pc'])
      expect(readIn(far, file)).toBe(readIn(near, file).replaceAll(near.path, far.path));
    for (const file of ['conda-meta/history', 'include/thing.h', 'lib/python3.12/EXTERNALLY-MANAGED'])
      expect(readIn(far, file)).toBe(readIn(near, file));
    expect((await other.prefixes.verify(far.key)).damaged).toEqual([]);
  });

  it('makes the same bytes again', async () => {
    const { prefix } = await machine.install([python, thing]);
    const list = (folder: string): [string, string][] =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .sort()
        .filter((path) => lstatSync(join(folder, path)).isFile())
        .map((path) => [path, sha256(readFileSync(join(folder, path)))]);
    const before = list(prefix.path);
    await machine.prefixes.remove(prefix.key);
    await machine.install([python, thing]);
    expect(list(prefix.path)).toEqual(before);
  });

  it('runs entry points and scripts of wheels from a path that is too long for a first line', async () => {
    const folder = join(root, 'a'.repeat(120));
    mkdirSync(folder);
    const tool = condaPackage({
      name: 'tool',
      noarch: 'python',
      files: {
        'python-scripts/own': { ...(text(`#!${placeholder}/bin/python -E\n`) as object), executable: true },
      },
      entryPoints: ['tool = tool:main'],
    });
    const wheel = {
      name: 'w',
      version: '1.0',
      ...makeWheel({ name: 'w', version: '1.0', scripts: { w: '#!python\n' } }),
    };
    const { prefix } = await createCondaMachine(folder).install([python, tool, wheel]);
    const run = (name: string): string => execFileSync(join(prefix.path, 'bin', name), ['a b'], { encoding: 'utf8' });
    expect(run('tool')).toBe(`python ${prefix.path}/bin/python3.12 ${prefix.path}/bin/tool a b\n`);
    expect(run('own')).toBe(`python ${prefix.path}/bin/python -E ${prefix.path}/bin/own a b\n`);
    expect(run('w')).toBe(`python ${prefix.path}/bin/python ${prefix.path}/bin/w a b\n`);
  });

  it('notices whatever was changed, and makes it whole again, in the store and in other prefixes too', async () => {
    const { prefix } = await machine.install([python, thing]);
    const { prefix: sibling } = await machine.install([thing]);
    const changed = [
      'bin/thing',
      'conda-meta/history',
      'conda-meta/thing-1.0-0.json',
      'include/thing.h',
      'lib/libthing.so.1.0',
    ];
    for (const file of changed) {
      const path = join(prefix.path, file);
      chmodSync(path, 0o644);
      writeFileSync(path, 'changed');
      const { damaged } = await machine.prefixes.verify(prefix.key);
      // Without its record nobody knows which files of the package should be there.
      expect(damaged, file).toEqual([{ path, reason: 'it was changed' }]);
      expect(await machine.prefixes.find(prefix.key)).toBeUndefined();
      const inStore = (await machine.store.verify({ repair: false })).damaged.length;
      expect(inStore, file).toBe(file === 'include/thing.h' ? 1 : 0);
      expect(await machine.install([python, thing])).toMatchObject({ outcome: 'repaired' });
      await expectWhole(prefix);
      expect((await machine.store.verify({ repair: false })).damaged).toEqual([]);
      expect((await machine.prefixes.find(sibling.key)) === undefined, file).toBe(inStore === 1);
      await machine.install([thing]);
    }
    await expectWhole(sibling);
  });

  it('brings back what somebody took out of the store', async () => {
    const [unpacked] = (await machine.bring([thing])).values();
    rmSync(join(unpacked?.folder ?? '', 'lib/libthing.so.1.0'));
    machine.plans = 0;
    const { prefix } = await machine.install([python, thing]);
    expect(machine.plans).toBe(2);
    await expectWhole(prefix);
  });

  it('notices what is missing and what nobody knows', async () => {
    const { prefix } = await machine.install([python, thing]);
    for (const file of ['lib/libthing.so', 'include/thing.h']) rmSync(join(prefix.path, file));
    writeFileSync(join(prefix.path, 'conda-meta/stranger-1-0.json'), '{}');
    const { damaged } = await machine.prefixes.verify(prefix.key);
    expect(damaged.map(({ path, reason }) => `${path.slice(prefix.path.length + 1)}: ${reason}`).sort()).toEqual([
      'conda-meta/stranger-1-0.json: it does not belong here',
      'include/thing.h: it is missing',
      'lib/libthing.so: it is missing',
    ]);
  });

  it('takes bytecode for Python’s own when Python wrote it anew, and for damage when the store has it too', async () => {
    const { prefix } = await machine.install([python]);
    const path = join(prefix.path, 'lib/python3.12/__pycache__/os.cpython-312.pyc');
    writeFileSync(`${path}.new`, 'newer code');
    renameSync(`${path}.new`, path);
    await expectWhole(prefix);
    const other = await machine.install([python, thing]);
    const shared = join(other.prefix.path, 'lib/python3.12/__pycache__/os.cpython-312.pyc');
    chmodSync(shared, 0o644);
    writeFileSync(shared, 'changed');
    expect((await machine.prefixes.verify(other.prefix.key)).damaged).toHaveLength(1);
    await machine.install([python, thing]);
  });

  it('is read by a shell that activates it, and left again', async () => {
    const active = condaPackage({
      name: 'active',
      files: {
        'etc/conda/activate.d/b.sh': 'export ORDER="${ORDER:-}b"\n',
        'etc/conda/activate.d/a.sh': 'export ORDER="${ORDER:-}a"\n',
        'etc/conda/activate.d/a.fish': 'exit 1\n',
        'etc/conda/deactivate.d/a.sh': 'ORDER="${ORDER}-a"\n',
        'etc/conda/deactivate.d/b.sh': 'ORDER="${ORDER}-b"\n',
      },
    });
    const { prefix } = await machine.install([python, active]);
    const script = `set -eu; old="$PATH"; . '${prefix.path}/bin/activate'; echo "$ORDER $CONDA_PREFIX $CONDA_SHLVL $CONDA_DEFAULT_ENV"; command -v python; deactivate; echo "$ORDER \${CONDA_PREFIX-none}"; [ "$PATH" = "$old" ]`;
    for (const shell of ['bash', 'sh']) {
      const output = execFileSync(shell, ['-c', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin' },
      });
      expect(output).toBe(`ab ${prefix.path} 1 ${prefix.path}\n${prefix.path}/bin/python\nab-b-a none\n`);
    }
  });
});

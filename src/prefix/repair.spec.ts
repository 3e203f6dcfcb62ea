import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMachine, type Installed, lockOf, type Machine } from '../../test/kit/install.ts';
import { makeWheel } from '../../test/kit/wheel.ts';
import type { Prefix } from './index.ts';

const madeWheel = (name: string, more: Partial<Parameters<typeof makeWheel>[0]> = {}): Installed => ({
  name,
  version: '1.0',
  ...makeWheel({ name, version: '1.0', ...more }),
});

const alpha = madeWheel('alpha', {
  files: { 'alpha/__init__.py': 'whole = True\n', 'alpha/other.py': 'x = 1\n' },
  data: { 'data/share/alpha.txt': 'shared' },
});
const beta = madeWheel('beta');
const site = 'lib/python3.12/site-packages';

describe('repair', () => {
  let root: string;
  let machine: Machine;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-repair-'));
    machine = createMachine(root);
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const change = (path: string, content: string): void => {
    chmodSync(path, 0o644);
    writeFileSync(path, content);
  };
  const expectWhole = async ({ key, path }: Prefix): Promise<void> => {
    expect(readFileSync(join(path, site, 'alpha/__init__.py'), 'utf8')).toBe('whole = True\n');
    expect((await machine.prefixes.verify(key)).damaged).toEqual([]);
    expect((await machine.store.verify({ repair: false })).damaged).toEqual([]);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  };

  it('does not link the damage again that a change in place did to the store', async () => {
    const { prefix } = await machine.install([alpha, beta]);
    change(join(prefix.path, site, 'alpha/__init__.py'), 'whole = False\n');
    expect((await machine.store.verify({ repair: false })).damaged).toHaveLength(1);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([
      { path: join(prefix.path, site, 'alpha/__init__.py'), reason: 'it was changed' },
    ]);
    expect(await machine.install([alpha, beta])).toMatchObject({ outcome: 'repaired' });
    await expectWhole(prefix);
  });

  it('makes the other prefixes again that share what was damaged', async () => {
    const { prefix } = await machine.install([alpha, beta]);
    const { prefix: sibling } = await machine.install([alpha]);
    const { prefix: stranger } = await machine.install([beta]);
    change(join(prefix.path, 'share/alpha.txt'), 'whole = False\n');
    await machine.prefixes.verify(prefix.key);
    await machine.install([alpha, beta]);
    expect(await machine.prefixes.find(sibling.key)).toBeUndefined();
    expect(await machine.install([alpha])).toMatchObject({ outcome: 'repaired' });
    expect(await machine.install([beta])).toMatchObject({ outcome: 'cached' });
    expect(statSync(stranger.path).isDirectory()).toBe(true);
    await expectWhole(prefix);
    await expectWhole(sibling);
  });

  it('asks for the plan again when the archive was damaged too, and when the manifest is lost', async () => {
    const { prefix } = await machine.install([alpha]);
    change(join(prefix.path, site, 'alpha/__init__.py'), 'whole = False\n');
    change(machine.store.archivePath(alpha.sha256), 'rotten');
    rmSync(join(prefix.path, '.terroir/manifest.json'));
    expect((await machine.prefixes.verify(prefix.key)).damaged).toMatchObject([
      { reason: 'its manifest is missing or damaged' },
    ]);
    expect(await machine.install([alpha])).toMatchObject({ outcome: 'repaired' });
    await expectWhole(prefix);
  });

  it.each([
    ['the manifest', '.terroir/manifest.json', '{}'],
    ['the list of a wheel', `.terroir/records/${alpha.sha256}`, 'x'],
    ['RECORD', `${site}/alpha-1.0.dist-info/RECORD`, ''],
    ['pyvenv.cfg', 'pyvenv.cfg', 'home = /'],
  ])('notices that %s was changed', async (_what, path, content) => {
    const { prefix } = await machine.install([alpha]);
    change(join(prefix.path, path), content);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toHaveLength(1);
    expect(await machine.install([alpha])).toMatchObject({ outcome: 'repaired' });
    await expectWhole(prefix);
  });

  it('notices a file that became a link to the same content, and a link that became a file', async () => {
    const { prefix } = await machine.install([alpha]);
    const file = join(prefix.path, site, 'alpha/other.py');
    rmSync(file);
    writeFileSync(join(root, 'copy.py'), 'x = 1\n');
    symlinkSync(join(root, 'copy.py'), file);
    rmSync(join(prefix.path, 'lib64'));
    writeFileSync(join(prefix.path, 'lib64'), 'lib');
    const { damaged } = await machine.prefixes.verify(prefix.key);
    expect(damaged.map(({ reason }) => reason).sort()).toEqual(['it is no file any more', 'the link was changed']);
  });

  it('brings back what somebody took out of the store', async () => {
    await machine.store.ensureArchive(alpha, async (file) => writeFileSync(file, alpha.bytes));
    const wheel = await machine.store.ensureWheel(alpha.sha256, alpha.filename);
    rmSync(join(wheel.folder, 'alpha/__init__.py'));
    const { prefix, outcome } = await machine.install([alpha]);
    expect({ outcome, plans: machine.plans }).toEqual({ outcome: 'made', plans: 2 });
    await expectWhole(prefix);
  });

  it('reports a store that cannot be helped', async () => {
    const wheel = await machine.install([alpha]).then(async () => await machine.store.findWheel(alpha.sha256));
    await machine.prefixes.remove(machine.keyOf([alpha]));
    const plan = {
      prefix: join(root, 'prefixes/x'),
      python: { minor: '3.12', version: '3.12.1', home: '/', executable: process.execPath },
      lockDigest: 'x',
      entries: [],
      rewrites: [],
      condaRecords: [],
      overwrites: [],
      notes: [],
      trees: [
        {
          owner: 'alpha',
          archive: alpha.sha256,
          from: wheel?.folder ?? '',
          text: '/\nghost.py\n',
          bytes: 0,
          path: site,
          without: new Set<string>(),
          wheel,
        },
      ],
    };
    await expect(machine.prefixes.ensure('x', async () => plan)).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(existsSync(plan.prefix)).toBe(false);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('gives prefixes modes that others can use, and shares inodes with the store', async () => {
    const { prefix } = await machine.install([alpha]);
    for (const path of ['.', 'bin', site, `${site}/alpha`, '.terroir'])
      expect(statSync(join(prefix.path, path)).mode & 0o777).toBe(0o755);
    const wheel = await machine.store.findWheel(alpha.sha256);
    for (const file of ['alpha/__init__.py', 'alpha/other.py'])
      expect(lstatSync(join(prefix.path, site, file)).ino).toBe(lstatSync(join(wheel?.folder ?? '', file)).ino);
  });

  it('makes a prefix of thousands of files with two threads, every file in its place', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 4000 }, (_, at) => [`many/p${at % 97}/q${at % 7}/m${at}.py`, `${at}`]),
    );
    const many = madeWheel('many', { files });
    const other = madeWheel('other', { files: { 'many/p3/q3/new.py': '', 'many/p1/q1/m1.py': 'mine' } });
    const { prefix } = await machine.install([many, other]);
    for (const [path, content] of Object.entries(files))
      expect(readFileSync(join(prefix.path, site, path), 'utf8')).toBe(path === 'many/p1/q1/m1.py' ? 'mine' : content);
    expect(prefix.files).toBe((await machine.prefixes.verify(prefix.key)).checked);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([]);
  });

  it('collects prefixes that nobody keeps and nobody used for long', async () => {
    const [kept, old, fresh] = [
      (await machine.install([alpha])).prefix,
      (await machine.install([beta])).prefix,
      (await machine.install([alpha, beta])).prefix,
    ];
    const time = (Date.now() - 40 * 86_400_000) / 1000;
    for (const { path } of [kept, old]) utimesSync(join(path, '.terroir/prefix.json'), time, time);
    const options = { keepLocks: new Set([lockOf([alpha]).digest]), olderThanDays: 30 };
    const dry = await machine.prefixes.gc({ ...options, dryRun: true });
    expect(dry.removed).toEqual({ count: 1, bytes: old.ownBytes });
    expect(existsSync(old.path)).toBe(true);
    expect(await machine.prefixes.gc(options)).toEqual(dry);
    expect([kept, old, fresh].map(({ path }) => existsSync(path))).toEqual([true, false, true]);
    expect(await machine.prefixes.list()).toMatchObject([kept, fresh].sort((a, b) => (a.key < b.key ? -1 : 1)));
  });

  it('stops when told to, and leaves nothing', async () => {
    const controller = new AbortController();
    const wheels = [alpha];
    await machine.install(wheels);
    await machine.prefixes.remove(machine.keyOf(wheels));
    const made = machine.prefixes.ensure(
      machine.keyOf(wheels),
      async () => {
        controller.abort(new Error('enough'));
        return await Promise.reject(controller.signal.reason as Error);
      },
      { signal: controller.signal },
    );
    await expect(made).rejects.toThrow('enough');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });
});

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bring, createMachine, type Installed } from '../../test/kit/install.ts';
import { makeWheel } from '../../test/kit/wheel.ts';
import { sha256 } from '../schema/index.ts';
import { createStore, readRecordLines, type Store } from './index.ts';

const madeWheel = (name: string, files?: Record<string, string | Uint8Array>): Installed => ({
  name,
  version: '1.0',
  ...makeWheel({ name, version: '1.0', files }),
});

describe('the store', () => {
  let root: string;
  let store: Store;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-store-'));
    store = createStore({ root, threads: 2 });
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const shelf = (kind: string, digest: string): string => join(root, kind, digest.slice(0, 2), digest);
  const age = (path: string, days: number): void => {
    const time = (Date.now() - days * 86_400_000) / 1000;
    utimesSync(path, time, time);
  };
  const change = (path: string, content: string): void => {
    chmodSync(path, 0o644);
    writeFileSync(path, content);
  };

  it('fetches an archive once, however many ask', async () => {
    const wheel = madeWheel('once');
    let fetches = 0;
    const ask = async (): Promise<unknown> =>
      await store.ensureArchive(wheel, async (file) => {
        fetches += 1;
        await delay(50);
        await writeFile(file, wheel.bytes);
      });
    const first = Array.from({ length: 4 }, ask);
    await delay(70);
    // One that comes when the first has finished and the others are about to wake.
    await Promise.all([...first, ask(), ask()]);
    expect(fetches).toBe(1);
  });

  it('lets one work at a time, however the waiting and the newcomers come', async () => {
    const busy = { now: 0, most: 0 };
    const wheel = madeWheel('alone');
    const ask = async (): Promise<void> => {
      await store
        .ensureArchive(wheel, async () => {
          busy.now += 1;
          busy.most = Math.max(busy.most, busy.now);
          await delay(15);
          busy.now -= 1;
          // Nothing comes of it: so everybody has to try.
          throw new Error('unplugged');
        })
        .catch(() => undefined);
    };
    const asked: Promise<void>[] = [];
    for (let index = 0; index < 12; index += 1) {
      asked.push(ask());
      await delay(7);
    }
    await Promise.all(asked);
    expect(busy.most).toBe(1);
  });

  it('takes what a process left complete when it was killed before the rename', async () => {
    const wheel = madeWheel('complete');
    mkdirSync(join(root, 'tmp'));
    writeFileSync(join(root, 'tmp', `archive-${wheel.sha256}`), wheel.bytes);
    const fetch = async (): Promise<void> => await Promise.reject(new Error('nobody has to fetch'));
    expect(await store.ensureArchive({ ...wheel, size: wheel.bytes.length }, fetch)).toMatchObject({
      outcome: 'fetched',
    });
    expect(readFileSync(store.archivePath(wheel.sha256))).toEqual(wheel.bytes);
  });

  it('keeps what others may read: folders that can be entered, files that nobody writes', async () => {
    const wheel = madeWheel('modes', { 'modes/__init__.py': '', 'modes/sub/x.py': '' });
    const { folder } = (await bring(store, [wheel])).get(wheel.sha256) as { folder: string };
    for (const path of [join(folder, '..'), folder, join(folder, 'modes'), join(folder, 'modes/sub')])
      expect(statSync(path).mode & 0o777).toBe(0o755);
    for (const path of ['modes/__init__.py', '../index', '../record'])
      expect(statSync(join(folder, path)).mode & 0o777).toBe(0o444);
    expect(statSync(store.archivePath(wheel.sha256)).mode & 0o777).toBe(0o444);
  });

  it('unpacks a large wheel in pieces, with the same result as in one', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, at) => [`large/p${at % 40}/m${at}.py`, `value = ${at}\n`]),
    );
    const wheel = madeWheel('large', {
      ...files,
      'large/one.bin': randomBytes(9_000_000),
      'large/two.bin': Buffer.alloc(30_000_000, 'two'),
    });
    const other = join(root, 'other');
    const [many, one] = [createStore({ root, threads: 4 }), createStore({ root: other, threads: 1 })];
    const [a, b] = [(await bring(many, [wheel])).get(wheel.sha256), (await bring(one, [wheel])).get(wheel.sha256)];
    expect({ ...a, folder: '', recordFile: '' }).toEqual({ ...b, folder: '', recordFile: '' });
    expect(readRecordLines(a?.record.toString() ?? '').map(({ path }) => path)).toEqual(
      [
        ...Object.keys(files),
        'large/one.bin',
        'large/two.bin',
        'large-1.0.dist-info/METADATA',
        'large-1.0.dist-info/WHEEL',
      ].sort(),
    );
    expect(await many.verify({ repair: false })).toMatchObject({ damaged: [] });
  });

  it('unpacks again what has a damaged index, and what an older version left', async () => {
    const wheel = madeWheel('index');
    const before = (await bring(store, [wheel])).get(wheel.sha256);
    for (const [name, text] of [
      ['index', '{}'],
      ['record', 'x'],
      [
        'index',
        readFileSync(join(shelf('unpacked', wheel.sha256), 'index'), 'utf8').replace('"format":2', '"format":1'),
      ],
    ] as const) {
      change(join(shelf('unpacked', wheel.sha256), name), text);
      expect(await store.findWheel(wheel.sha256)).toBeUndefined();
      expect(await store.ensureWheel(wheel.sha256, wheel.filename)).toEqual(before);
    }
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('drops an archive that the disk damaged, and says that it can be fetched again', async () => {
    const wheel = madeWheel('rotten');
    await store.ensureArchive(wheel, async (file) => await writeFile(file, wheel.bytes));
    change(store.archivePath(wheel.sha256), 'rotten');
    await expect(store.ensureWheel(wheel.sha256, wheel.filename)).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(await store.hasArchive(wheel.sha256)).toBe(false);
    expect((await bring(store, [wheel])).size).toBe(1);
  });

  it('verifies all, repairs by dropping, and drops only what is damaged', async () => {
    const [good, bad, worse] = [madeWheel('good'), madeWheel('bad'), madeWheel('worse')];
    const wheels = await bring(store, [good, bad, worse]);
    const damagedFile = join(wheels.get(bad.sha256)?.folder ?? '', 'bad/__init__.py');
    change(damagedFile, 'changed');
    change(store.archivePath(worse.sha256), 'changed');
    const seen = await store.verify({ repair: false });
    expect(seen).toMatchObject({
      damaged: [
        { path: store.archivePath(worse.sha256), reason: 'it was changed' },
        { path: damagedFile, reason: 'it was changed' },
      ],
    });
    expect(await store.dropDamaged([good.sha256, bad.sha256, worse.sha256])).toEqual([bad.sha256, worse.sha256]);
    expect(await store.findWheel(good.sha256)).toBeDefined();
    expect(await store.findWheel(bad.sha256)).toBeUndefined();
    expect(await store.hasArchive(bad.sha256)).toBe(true);
    expect(await store.hasArchive(worse.sha256)).toBe(false);
    expect(await store.verify({ repair: true })).toMatchObject({ damaged: [] });
  });

  it('collects what nobody keeps and nobody used for long', async () => {
    const [kept, old, fresh, reused] = [madeWheel('kept'), madeWheel('old'), madeWheel('fresh'), madeWheel('reused')];
    await bring(store, [kept, old, fresh, reused]);
    for (const { sha256: digest } of [kept, old, reused]) {
      age(store.archivePath(digest), 40);
      age(join(shelf('unpacked', digest), 'index'), 40);
    }
    await store.findWheel(reused.sha256);
    const options = { keepArchives: new Set([kept.sha256]), olderThanDays: 30 };
    const dry = await store.gc({ ...options, dryRun: true });
    expect(dry.removed).toMatchObject({ count: 2 });
    expect(await store.findWheel(old.sha256)).toBeDefined();
    age(join(shelf('unpacked', old.sha256), 'index'), 40);
    expect(await store.gc(options)).toEqual(dry);
    for (const wheel of [kept, fresh, reused]) {
      expect(await store.findWheel(wheel.sha256)).toBeDefined();
      expect(await store.hasArchive(wheel.sha256)).toBe(true);
    }
    expect(await store.findWheel(old.sha256)).toBeUndefined();
    expect(await store.hasArchive(old.sha256)).toBe(false);
  });

  it('sweeps what dead processes left, and keeps downloads that can be resumed', async () => {
    mkdirSync(join(root, 'tmp'), { recursive: true });
    mkdirSync(join(root, 'locks'));
    for (const name of ['gone-1', 'unpack-1', 'prefix-1', 'uv-1']) mkdirSync(join(root, 'tmp', name));
    for (const name of ['archive-new', 'archive-old']) writeFileSync(join(root, 'tmp', name), 'part');
    for (const name of ['archive-1', 'unpack-1', 'prefix-1', 'uv-0']) writeFileSync(join(root, 'locks', name), '');
    age(join(root, 'tmp', 'archive-old'), 2);
    await store.gc({ keepArchives: new Set(), olderThanDays: 30 });
    expect(readdirSync(join(root, 'tmp')).sort()).toEqual(['archive-new', 'uv-1']);
    expect(readdirSync(join(root, 'locks')).sort()).toEqual(['store', 'uv-0']);
  });

  it('does not collect while somebody installs, and lets many install', async () => {
    const log: string[] = [];
    const installing = async (name: string, ms: number): Promise<void> =>
      await store.whileInstalling(async () => {
        log.push(`${name} begins`);
        await delay(ms);
        log.push(`${name} ends`);
      });
    const both = Promise.all([installing('one', 120), installing('two', 160)]);
    await delay(40);
    const gc = store.gc({ keepArchives: new Set(), olderThanDays: 0 }).then(() => log.push('gc'));
    await Promise.all([both, gc]);
    expect(log).toEqual(['one begins', 'two begins', 'one ends', 'two ends', 'gc']);
  });

  it('says how much there is, and counts shared bytes once', async () => {
    const machine = createMachine(root);
    const wheel = madeWheel('sized', { 'sized/data.bin': randomBytes(100_000) });
    await machine.install([wheel]);
    const { archives, unpacked, prefixes } = await store.describe();
    expect(archives).toEqual({ count: 1, bytes: wheel.bytes.length });
    expect(unpacked.count).toBe(1);
    expect(unpacked.bytes).toBeGreaterThan(100_000);
    expect(prefixes.count).toBe(1);
    expect(prefixes.bytes).toBeLessThan(20_000);
  });

  it('adds a file under its digest', async () => {
    const file = join(root, 'built.whl');
    writeFileSync(file, 'content');
    expect(await store.addArchive(file)).toEqual({ sha256: sha256('content'), size: 7 });
    expect(existsSync(file)).toBe(false);
    expect(await store.hasArchive(sha256('content'))).toBe(true);
    rmSync(store.archivePath(sha256('content')));
    expect(await store.hasArchive(sha256('content'))).toBe(false);
  });
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMachine, type Installed, type Machine } from '../../test/kit/install.ts';
import { makeWheel } from '../../test/kit/wheel.ts';

const child = join(import.meta.dirname, '../../test/kit/install-child.ts');
const kills = 40;

/** Enough files that a kill hits the middle of something. */
const files = Object.fromEntries(
  Array.from({ length: 700 }, (_, at) => [`many/p${at % 50}/m${at}.py`, `value = ${at}\n`]),
);
const wheels: Installed[] = [
  {
    name: 'many',
    version: '1.0',
    ...makeWheel({
      name: 'many',
      version: '1.0',
      files: { ...files, 'many/data.bin': Buffer.alloc(26_000_000, 'data') },
    }),
  },
  { name: 'tool', version: '1.0', ...makeWheel({ name: 'tool', version: '1.0', scripts: { tool: '#!python\n' } }) },
];

describe('what store and prefix survive', () => {
  let root: string;
  let folder: string;
  let machine: Machine;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-survival-'));
    folder = join(root, 'wheels');
    mkdirSync(folder);
    for (const { filename, bytes } of wheels) writeFileSync(join(folder, filename), bytes);
    machine = createMachine(join(root, 'store'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const start = (
    store = join(root, 'store'),
  ): { process: ChildProcess; answer: Promise<Record<string, unknown> | undefined> } => {
    const process_ = spawn(process.execPath, [child, store, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    process_.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const answer = new Promise<Record<string, unknown> | undefined>((resolve) =>
      process_.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>))),
    );
    return { process: process_, answer };
  };
  /** Whatever can be seen is whole. */
  const expectNothingHalf = async (): Promise<void> => {
    expect((await machine.store.verify({ repair: false })).damaged).toEqual([]);
    for (const { key } of await machine.prefixes.list())
      expect((await machine.prefixes.verify(key)).damaged).toEqual([]);
    const shown = join(root, 'store', 'prefixes');
    expect(existsSync(shown) ? readdirSync(shown) : []).toEqual((await machine.prefixes.list()).map(({ key }) => key));
  };
  const expectWhole = async (): Promise<void> => {
    const { prefix } = await machine.install(wheels);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([]);
    expect(readFileSync(join(prefix.path, 'lib/python3.12/site-packages/many/p7/m7.py'), 'utf8')).toBe('value = 7\n');
    await expectNothingHalf();
  };

  it(`is killed ${kills} times at random moments; nothing half-made is seen, and the next call repairs`, {
    timeout: 300_000,
  }, async () => {
    const store = join(root, 'store');
    const began = performance.now();
    expect(await start().answer).toEqual({ outcome: 'made', plans: 1 });
    // The first one may have been slow; those that end before their kill tell better.
    let whole = performance.now() - began;
    let killed = 0;
    for (let round = 0; round < kills; round += 1) {
      // In turn: nothing there, archives there, wheels there.
      if (round % 4 === 0) rmSync(store, { recursive: true, force: true });
      if (round % 4 === 1) rmSync(join(store, 'unpacked'), { recursive: true, force: true });
      rmSync(join(store, 'prefixes'), { recursive: true, force: true });
      const startedAt = performance.now();
      const { process: process_, answer } = start();
      let took = Number.POSITIVE_INFINITY;
      const ended = answer.then(() => {
        took = performance.now() - startedAt;
      });
      await delay(whole * (0.3 + 0.6 * Math.random()));
      if (process_.kill('SIGKILL')) killed += 1;
      else whole = Math.min(whole, took);
      await ended;
      if (round % 5 === 0) await expectNothingHalf();
    }
    expect(killed).toBeGreaterThan(kills / 8);
    await expectWhole();
    expect(readdirSync(join(store, 'tmp')).filter((name) => !name.startsWith('gone-'))).toEqual([]);
    await machine.store.gc({ keepArchives: new Set(), olderThanDays: 1 });
    expect(readdirSync(join(store, 'tmp'))).toEqual([]);
  });

  it('does the work once when processes race, and each gets a whole prefix', { timeout: 120_000 }, async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, async () => await start().answer));
    expect(answers.map((answer) => String(answer?.outcome)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'cached',
      'cached',
      'cached',
      'made',
    ]);
    expect(answers.reduce((sum, answer) => sum + Number(answer?.plans), 0)).toBe(1);
    await expectWhole();
  });

  it('installs while another process collects all garbage, again and again', { timeout: 120_000 }, async () => {
    const done = new AbortController();
    const collecting = (async () => {
      while (!done.signal.aborted) {
        await machine.store.gc({ keepArchives: new Set(), olderThanDays: 0 });
        await machine.prefixes.gc({ keepLocks: new Set(), olderThanDays: 0 });
        await delay(20);
      }
    })();
    for (let round = 0; round < 4; round += 1)
      expect(await start().answer).toMatchObject({ outcome: expect.stringMatching(/made|cached/) });
    done.abort();
    await collecting;
    await expectWhole();
  });

  it('says that the disk is full, leaves nothing, and goes on when there is room', {
    timeout: 120_000,
  }, async (context) => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      context.skip('nothing can be mounted here');
    }
    try {
      const needed = wheels.reduce((sum, { bytes }) => sum + bytes.length, 0);
      // Full while archives come in, while the large file is written, while small ones are, while the prefix is made.
      for (const kilobytes of [
        Math.ceil(needed / 2048),
        Math.ceil(needed / 1024) + 9000,
        Math.ceil(needed / 1024) + 27_500,
      ]) {
        execFileSync('mount', ['-o', `remount,size=${kilobytes}k`, disk]);
        const answer = await start(join(disk, 'store')).answer;
        expect(answer).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('the disk is full') });
        const left = readdirSync(join(disk, 'store', 'tmp')).filter((name) => !name.startsWith('archive-'));
        expect(left).toEqual([]);
      }
      execFileSync('mount', ['-o', 'remount,size=200m', disk]);
      expect(await start(join(disk, 'store')).answer).toMatchObject({ outcome: 'made' });
      const other = createMachine(join(disk, 'store'));
      expect((await other.store.verify({ repair: false })).damaged).toEqual([]);
      expect((await other.prefixes.verify(other.keyOf(wheels))).damaged).toEqual([]);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});

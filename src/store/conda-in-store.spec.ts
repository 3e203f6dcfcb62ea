import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CondaPackageOptions, type MadeConda, makeCondaPackage } from '../../test/kit/conda-package.ts';
import { createStore, type Store, type UnpackedConda } from './index.ts';

const child = join(import.meta.dirname, '../../test/kit/unpack-child.ts');

describe('conda packages in the store', () => {
  let root: string;
  let store: Store;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-store-'));
    store = createStore({ root, threads: 2 });
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const make = (options: Partial<CondaPackageOptions> = {}): MadeConda =>
    makeCondaPackage({
      name: 'tool',
      version: '1',
      files: { 'bin/tool': 'x', 'lib/link': { target: '../bin/tool' }, 'share/empty': { directory: true } },
      ...options,
    });
  const keep = async ({ sha256, bytes, filename }: MadeConda): Promise<void> => {
    await store.ensureArchive({ sha256, filename }, async (file) => await writeFile(file, bytes));
  };
  const bring = async (made: MadeConda): Promise<UnpackedConda> => {
    await keep(made);
    return await store.ensureConda(made.sha256, made.filename);
  };
  const shelf = ({ sha256 }: MadeConda): string => join(root, 'unpacked', sha256.slice(0, 2), sha256);
  const change = (path: string, content: string): void => {
    chmodSync(path, 0o644);
    writeFileSync(path, content);
  };
  const sealed = (text: string): string => `${createHash('sha256').update(text).digest('hex')}\n${text}`;
  const unpackApart = (at: string, { sha256, filename }: MadeConda): ReturnType<typeof spawn> =>
    spawn(process.execPath, [child, at, sha256, filename], { stdio: ['ignore', 'pipe', 'inherit'] });
  const answerOf = async (process_: ReturnType<typeof spawn>): Promise<unknown> => {
    let text = '';
    process_.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await new Promise((resolve) => process_.on('close', resolve));
    return text === '' ? undefined : JSON.parse(text);
  };

  it('unpacks once, however many ask', async () => {
    const made = make();
    await keep(made);
    const stores = [store, createStore({ root, threads: 1 })];
    const asked = await Promise.all(
      Array.from(
        { length: 6 },
        async (_, at) => await (stores[at % 2] as Store).ensureConda(made.sha256, made.filename),
      ),
    );
    for (const each of asked) expect(each).toEqual(asked[0]);
    const { ino } = statSync(shelf(made));
    expect(await store.ensureConda(made.sha256, made.filename)).toEqual(asked[0]);
    expect(statSync(shelf(made)).ino).toBe(ino);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('unpacks again what has a damaged index, and what another version left', async () => {
    const made = make();
    const before = await bring(made);
    const index = join(shelf(made), 'index');
    const text = readFileSync(index, 'utf8');
    for (const damaged of [
      '',
      '{}',
      text.slice(0, -5),
      sealed(text.slice(65).replace('"conda-3"', '"conda-1"')),
      text.replace('tool', 'evil'),
    ]) {
      change(index, damaged);
      expect(await store.findConda(made.sha256)).toBeUndefined();
      expect(await store.ensureConda(made.sha256, made.filename)).toEqual(before);
    }
  });

  it('reads what the version before wrote', async () => {
    const made = make();
    const before = await bring(made);
    const index = join(shelf(made), 'index');
    const head = readFileSync(index, 'utf8').split('\n')[1]?.replace('"conda-3"', '"conda-2"');
    change(index, sealed(`${head}\n${before.files.map((file) => `${JSON.stringify(file)}\n`).join('')}`));
    const { ino } = statSync(shelf(made));
    expect(await store.ensureConda(made.sha256, made.filename)).toEqual(before);
    expect(statSync(shelf(made)).ino).toBe(ino);
    expect(await store.verify({ repair: false })).toMatchObject({ damaged: [] });
  });

  it('clears what a process left that died while it unpacked', async () => {
    const made = make();
    const left = join(root, 'tmp', `unpack-${made.sha256}`, 'files', 'bin');
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'tool'), 'half', { mode: 0o444 });
    const { folder } = await bring(made);
    expect(readFileSync(join(folder, 'bin/tool'), 'utf8')).toBe('x');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['another package', () => make({ name: 'other' }).bytes],
    ['a hostile one', () => make({ extra: [{ path: '../evil' }] }).bytes],
  ])('drops an archive that became %s here, and says that it can be fetched again', async (_what, damage) => {
    const made = make();
    await keep(made);
    change(store.archivePath(made.sha256), '');
    writeFileSync(store.archivePath(made.sha256), damage(made.bytes));
    await expect(store.ensureConda(made.sha256, made.filename)).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(await store.hasArchive(made.sha256)).toBe(false);
    expect(await bring(made)).toMatchObject({ name: 'tool' });
  });

  it('keeps nothing of an archive that was bad from the beginning', async () => {
    const made = make({ extra: [{ path: '../evil' }] });
    await keep(made);
    const stores = [store, store, createStore({ root, threads: 1 })];
    const asked = await Promise.allSettled(
      stores.map(async (each) => await each.ensureConda(made.sha256, made.filename)),
    );
    const codes = asked.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'fine'));
    expect(codes.toSorted()).toEqual(['CORRUPT_STORE', 'CORRUPT_STORE', 'HOSTILE_ARCHIVE']);
    expect(await store.hasArchive(made.sha256)).toBe(false);
    // Whoever fetches it again hears the same.
    await expect(bring(made)).rejects.toMatchObject({ code: 'HOSTILE_ARCHIVE' });
    expect(await store.hasArchive(made.sha256)).toBe(false);
  });

  it.each<readonly [what: string, path: string, reason: string, damage: (path: string) => void]>([
    ['a file', 'bin/tool', 'it was changed', (path) => change(path, 'y')],
    ['a missing file', 'bin/tool', 'it is missing', (path) => rmSync(path)],
    [
      'a link',
      'lib/link',
      'it was changed',
      (path) => {
        rmSync(path);
        symlinkSync('/etc/passwd', path);
      },
    ],
    [
      'a link that is a file',
      'lib/link',
      'it is no link any more',
      (path) => {
        rmSync(path);
        writeFileSync(path, '');
      },
    ],
    ['a missing folder', 'share/empty', 'it is missing', (path) => rmdirSync(path)],
    ['a file of info/', 'info/about.json', 'it was changed', (path) => change(path, '{}')],
  ])('finds and repairs %s', async (_what, path, reason, damage) => {
    const [made, good] = [make(), make({ name: 'good' })];
    const before = await bring(made);
    await bring(good);
    const at = join(before.folder, path);
    damage(at);
    expect(await store.verify({ repair: false })).toMatchObject({ damaged: [{ path: at, reason }] });
    expect(await store.dropDamaged([made.sha256, good.sha256])).toEqual([made.sha256]);
    expect(await bring(made)).toEqual(before);
    damage(at);
    await store.verify({ repair: true });
    expect(await store.findConda(made.sha256)).toBeUndefined();
    expect(await store.findConda(good.sha256)).toBeDefined();
    expect(await store.ensureConda(made.sha256, made.filename)).toEqual(before);
    expect(await store.verify({ repair: false })).toMatchObject({ damaged: [] });
  });

  it('collects what nobody keeps and nobody used for long', async () => {
    const [kept, old, used] = [make({ name: 'kept' }), make({ name: 'old' }), make({ name: 'used' })];
    const long = (Date.now() - 40 * 86_400_000) / 1000;
    for (const made of [kept, old, used]) {
      await bring(made);
      utimesSync(store.archivePath(made.sha256), long, long);
      utimesSync(join(shelf(made), 'index'), long, long);
    }
    await store.findConda(used.sha256);
    await store.gc({ keepArchives: new Set([kept.sha256]), olderThanDays: 30 });
    const there = [kept, old, used].map((made) => existsSync(shelf(made)));
    expect(there).toEqual([true, false, true]);
    expect(await store.hasArchive(old.sha256)).toBe(false);
    expect(await store.hasArchive(used.sha256)).toBe(true);
  });

  const countOf = (folder: string): number => (existsSync(folder) ? readdirSync(folder).length : 0);

  /** Takes a while. */
  const large = (format: 'conda' | 'tar.bz2' = 'conda'): MadeConda =>
    make({
      format,
      files: Object.fromEntries(
        Array.from({ length: 1500 }, (_, at) => [`share/f${at}`, format === 'conda' ? randomBytes(2000) : `${at}\n`]),
      ),
    });

  it('is killed in the middle, and nothing half-made is seen', { timeout: 60_000 }, async () => {
    const made = large();
    await keep(made);
    const share = join(root, 'tmp', `unpack-${made.sha256}`, 'files', 'share');
    let killed = 0;
    for (let round = 0; round < 4; round += 1) {
      const process_ = unpackApart(root, made);
      const ended = answerOf(process_);
      while (process_.exitCode === null && countOf(share) <= round * 300) await delay(1);
      if (process_.kill('SIGKILL')) killed += 1;
      await ended;
      const found = await store.findConda(made.sha256);
      if (found === undefined) {
        expect(countOf(share)).toBeGreaterThan(0);
        continue;
      }
      expect(await store.verify({ repair: false })).toMatchObject({ damaged: [] });
      rmSync(shelf(made), { recursive: true });
    }
    expect(killed).toBeGreaterThan(1);
    expect((await store.ensureConda(made.sha256, made.filename)).files).toHaveLength(1500);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('does the work once when processes race', { timeout: 60_000 }, async () => {
    const made = large('tar.bz2');
    await keep(made);
    const answers = await Promise.all([1, 2, 3].map(async () => await answerOf(unpackApart(root, made))));
    expect(answers).toEqual([1, 2, 3].map(() => ({ files: 1500 })));
    expect(await store.verify({ repair: false })).toMatchObject({ damaged: [] });
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)('says that the disk is full, and leaves nothing (needs root)', async () => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      return;
    }
    try {
      const small = createStore({ root: disk, threads: 1 });
      const made = make({ files: { 'share/a': Buffer.alloc(1_500_000), 'share/b': Buffer.alloc(1_500_000) } });
      await small.ensureArchive(made, async (file) => await writeFile(file, made.bytes));
      await expect(small.ensureConda(made.sha256, made.filename)).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(readdirSync(join(disk, 'tmp'))).toEqual([]);
      expect(await small.hasArchive(made.sha256)).toBe(true);
      execFileSync('mount', ['-o', 'remount,size=9m', disk]);
      expect((await small.ensureConda(made.sha256, made.filename)).files).toHaveLength(2);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

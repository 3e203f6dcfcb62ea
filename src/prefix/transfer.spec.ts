import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chooseWay, transfer } from './transfer.ts';

let folder = '';
/** Another file system than that of temporary files, on Linux. */
let elsewhere = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'terroir-transfer-'));
  elsewhere = mkdtempSync('/dev/shm/terroir-transfer-');
  writeFileSync(join(folder, 'module.py'), 'x = 1\n', { mode: 0o555 });
  // Bytecode beside it is of a source of this second.
  utimesSync(join(folder, 'module.py'), 1_000_000, 1_000_000);
});
afterEach(() => {
  for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true });
});

it('links where it can, and leaves no trace of having tried', () => {
  const [from, probe] = [join(folder, 'module.py'), join(folder, 'probe')];
  expect(['link', 'clone']).toContain(chooseWay(from, probe));
  expect(() => statSync(probe)).toThrow('ENOENT');
});

it('copies between two file systems, with mode and, for sources, time', () => {
  const from = join(folder, 'module.py');
  if (statSync(folder).dev === statSync(elsewhere).dev) return;
  expect(chooseWay(from, join(elsewhere, 'probe'))).toBe('copy');
  const to = join(elsewhere, 'module.py');
  transfer('copy', from, to);
  expect(readFileSync(to, 'utf8')).toBe('x = 1\n');
  const { mode, mtimeMs, nlink } = statSync(to);
  expect([mode & 0o777, mtimeMs, nlink]).toEqual([0o555, 1_000_000_000, 1]);
});

it('writes over nothing', () => {
  const from = join(folder, 'module.py');
  const to = join(folder, 'there.py');
  writeFileSync(to, 'mine');
  for (const way of ['link', 'copy'] as const) expect(() => transfer(way, from, to)).toThrow('EEXIST');
  expect(readFileSync(to, 'utf8')).toBe('mine');
});

it('says what is missing', () => {
  mkdirSync(join(folder, 'sub'));
  expect(() => chooseWay(join(folder, 'gone'), join(folder, 'sub', 'probe'))).toThrow('ENOENT');
});

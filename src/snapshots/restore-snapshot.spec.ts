import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../errors/index.ts';
import { sha256 } from '../schema/index.ts';
import {
  collectSnapshot,
  hashTree,
  parseManifest,
  restoreSnapshot,
  type SnapshotEntry,
  snapshotManifest,
} from './index.ts';

let root = '';
let code = '';
let target = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'terroir-restore-'));
  code = join(root, 'code');
  target = join(root, 'target');
  mkdirSync(join(code, 'sub'), { recursive: true });
  mkdirSync(join(root, 'blobs'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const path = (digest: string): string => join(root, 'blobs', digest);
const blobs = {
  path,
  read: (digest: string) => {
    const content = existsSync(path(digest)) ? readFileSync(path(digest)) : undefined;
    return content !== undefined && sha256(content) === digest
      ? Promise.resolve(content)
      : Promise.reject(new AppError('CORRUPT_STORE', `${digest} is not there`));
  },
  find: async (digest: string) => await Promise.resolve(existsSync(path(digest)) ? path(digest) : undefined),
};
const keep = {
  put: async (content: Uint8Array) => {
    const digest = sha256(content);
    rmSync(blobs.path(digest), { force: true });
    writeFileSync(blobs.path(digest), content, { mode: 0o444 });
    return { digest, size: content.byteLength };
  },
  putFile: async (file: string) => await keep.put(readFileSync(file)),
};

test('a snapshot comes back as it was, from its manifest, as files of one’s own', async () => {
  writeFileSync(join(code, 'train.py'), 'print(1)');
  writeFileSync(join(code, 'sub', 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(code, 'sub', 'run.sh'), 0o755);
  symlinkSync('sub/run.sh', join(code, 'link'));
  const snapshot = await collectSnapshot(code, { keep });
  const entries = parseManifest(snapshotManifest(snapshot.entries));
  await restoreSnapshot(entries, blobs, target);
  expect((await collectSnapshot(target)).digest).toBe(snapshot.digest);
  expect(readlinkSync(join(target, 'link'))).toBe('sub/run.sh');
  writeFileSync(join(target, 'train.py'), 'print(2)');
  expect(readFileSync(blobs.path(sha256('print(1)')), 'utf8')).toBe('print(1)');
  expect(lstatSync(join(target, 'train.py')).nlink).toBe(1);
});

describe('hostile and damaged snapshots', () => {
  const file = (path: string, digest = sha256('x'), size = 1): SnapshotEntry => ({
    type: 'file',
    path,
    executable: false,
    digest,
    size,
  });
  const link = (path: string, to: string): SnapshotEntry => ({ type: 'link', path, target: to });
  test.each<[string, SnapshotEntry[], string]>([
    ['climbs out', [file('../evil')], 'HOSTILE_ARCHIVE'],
    ['climbs out from below', [file('a/../../evil')], 'HOSTILE_ARCHIVE'],
    ['is absolute', [file('/tmp/evil')], 'HOSTILE_ARCHIVE'],
    ['holds a NUL', [file('a\0b')], 'HOSTILE_ARCHIVE'],
    ['is the folder itself', [file('.')], 'HOSTILE_ARCHIVE'],
    ['is not plain', [file('a//b')], 'HOSTILE_ARCHIVE'],
    ['stands there twice', [file('a'), file('a')], 'HOSTILE_ARCHIVE'],
    ['lies below a link', [link('a', 'b'), file('a/evil')], 'HOSTILE_ARCHIVE'],
    ['lies below a file', [file('a'), file('a/b')], 'HOSTILE_ARCHIVE'],
    ['links to an absolute path', [link('a', '/etc')], 'HOSTILE_ARCHIVE'],
    ['links out', [link('sub/a', '../../evil')], 'HOSTILE_ARCHIVE'],
    [
      'links out by way of a link',
      [file('d/e/f'), link('d/e/root', '../..'), link('d/e/trick', 'root/../blobs')],
      'HOSTILE_ARCHIVE',
    ],
    ['has content that is missing', [file('a', sha256('never kept'))], 'CORRUPT_STORE'],
    ['has content that was altered', [file('a', sha256('altered'))], 'CORRUPT_STORE'],
    ['has large content that is missing', [file('a', sha256('never kept'), 2 << 20)], 'CORRUPT_STORE'],
    ['has large content that was altered', [file('a', sha256('altered'), 2 << 20)], 'CORRUPT_STORE'],
  ])('one that %s is refused, and nothing of it stays', async (_, entries, code) => {
    writeFileSync(blobs.path(sha256('x')), 'x');
    writeFileSync(blobs.path(sha256('altered')), 'something else');
    await expect(restoreSnapshot(entries, blobs, target)).rejects.toMatchObject({ code });
    expect(existsSync(target)).toBe(false);
    expect(existsSync(join(root, 'evil'))).toBe(false);
  });

  test('a folder with something in it is left alone', async () => {
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), '');
    await expect(restoreSnapshot([file('a')], blobs, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(readdirSync(target)).toEqual(['mine']);
  });

  test.each(['', '{}', '[["a","file",false,"12"]]', '[["a","dir",false,"x"]]'])(
    'the manifest %j is damaged',
    (text) => {
      expect(() => parseManifest(text)).toThrow('damaged');
    },
  );
});

describe('outputs and models', () => {
  test('a file', async () => {
    writeFileSync(join(code, 'model.pkl'), 'weights');
    expect(await hashTree(join(code, 'model.pkl'))).toEqual({
      kind: 'file',
      digest: sha256('weights'),
      size: 7,
      files: 1,
      entries: [{ type: 'file', path: 'model.pkl', executable: false, digest: sha256('weights'), size: 7 }],
    });
  });

  test('a folder: nothing is left out, links out of it count as what they point to', async () => {
    const outside = join(root, 'cache');
    mkdirSync(join(outside, 'inner'), { recursive: true });
    writeFileSync(join(outside, 'blob'), 'from outside');
    writeFileSync(join(outside, 'inner', 'deep'), 'deep');
    symlinkSync('..', join(outside, 'inner', 'cycle'));
    writeFileSync(join(code, '.env'), 'kept: it is an output');
    writeFileSync(join(code, '.gitignore'), '*');
    symlinkSync(join(outside, 'blob'), join(code, 'config.json'));
    symlinkSync(join(outside, 'inner'), join(code, 'folder'));
    symlinkSync('sub', join(code, 'alias'));
    symlinkSync('/nonexistent/x', join(code, 'dangling'));
    const facts = await hashTree(code, { keep });
    expect(facts.entries.map((entry) => [entry.path, entry.type])).toEqual([
      ['.env', 'file'],
      ['.gitignore', 'file'],
      ['alias', 'link'],
      ['config.json', 'file'],
      ['folder/cycle/blob', 'file'],
      ['folder/deep', 'file'],
    ]);
    expect(facts.digest).toBe(sha256(snapshotManifest(facts.entries)));
    await restoreSnapshot(facts.entries, blobs, target);
    expect(readFileSync(join(target, 'config.json'), 'utf8')).toBe('from outside');
  });

  test('the digest of a folder does not depend on where it is; an empty one has one', async () => {
    writeFileSync(join(code, 'a'), '1');
    const here = await hashTree(code);
    symlinkSync(code, join(root, 'elsewhere'));
    expect((await hashTree(join(root, 'elsewhere'))).digest).toBe(here.digest);
    expect(await hashTree(join(code, 'sub'))).toMatchObject({ kind: 'tree', files: 0, size: 0, digest: sha256('[]') });
  });

  test('what is not there', async () => {
    await expect(hashTree(join(code, 'nothing'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { treeDigest } from '../definition/index.ts';
import { sha256 } from '../schema/index.ts';
import { collectSnapshot } from './index.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'terroir-snapshot-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>, folder = root): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

async function pathsOf(folder = root): Promise<string[]> {
  return (await collectSnapshot(folder)).entries.map((entry) => entry.path);
}

const pem = (kind: string): string => `-----BEGIN ${kind}-----\nMIIB\n-----END ${kind}-----\n`;

describe('what belongs to it', () => {
  test.each<[string, Record<string, string>, string[], string?]>([
    ['everything, without rules', { 'a.py': '', 'b/c.txt': '' }, ['a.py', 'b/c.txt']],
    [
      'not what .gitignore names',
      { '.gitignore': 'data/\n*.log\n', 'data/x': '', 'a.log': '', 'a.py': '' },
      ['.gitignore', 'a.py'],
    ],
    [
      'nested rules win',
      { '.gitignore': '*.log\n', 'keep/.gitignore': '!*.log\n', 'keep/a.log': '', 'b.log': '' },
      ['.gitignore', 'keep/.gitignore', 'keep/a.log'],
    ],
    ['nothing comes back from an ignored folder', { '.gitignore': 'out/\n!out/a\n', 'out/a': '' }, ['.gitignore']],
    [
      'a folder that a nearer file keeps',
      { '.gitignore': 'logs\n', 'a/.gitignore': '!logs\n', 'a/logs/x': '', 'logs/y': '' },
      ['.gitignore', 'a/.gitignore', 'a/logs/x'],
    ],
    [
      '.amlignore alone, if there is one',
      {
        '.amlignore': '*.csv\n',
        '.gitignore': '*.py\n',
        'sub/.gitignore': '*\n',
        'a.py': '',
        'a.csv': '',
        'sub/b.py': '',
      },
      ['.amlignore', '.gitignore', 'a.py', 'sub/.gitignore', 'sub/b.py'],
    ],
    [
      'an empty .amlignore counts',
      { '.amlignore': '', '.gitignore': '*.py\n', 'a.py': '' },
      ['.amlignore', '.gitignore', 'a.py'],
    ],
    [
      'rules with Windows line ends',
      { '.gitignore': '*.log\r\ndata/\r\n', 'a.log': '', 'data/x': '', b: '' },
      ['.gitignore', 'b'],
    ],
    [
      'the rules of the repository above',
      { '.git/HEAD': '', '.gitignore': '*.csv\n/src/out\n', 'src/a.csv': '', 'src/out/x': '', 'src/a.py': '' },
      ['a.py'],
      'src',
    ],
    [
      'and its exclude file',
      { '.git/info/exclude': 'secret-plan\n', 'src/secret-plan': '', 'src/a.py': '' },
      ['a.py'],
      'src',
    ],
    [
      'but not rules that ignore the folder itself',
      { '.git/HEAD': '', '.gitignore': '/build/\n*.csv\n', 'build/a.csv': '' },
      ['a.csv'],
      'build',
    ],
    ['nor rules of folders that are in no repository', { '.gitignore': '*\n', 'src/a.py': '' }, ['a.py'], 'src'],
  ])('%s', async (_, files, expected, folder = '') => {
    write(files);
    expect(await pathsOf(join(root, folder))).toEqual(expected);
  });
});

describe('what never does', () => {
  const never: [string, string, string][] = [
    ['.git/config', 'x', 'generated'],
    ['.terroir/workspace.db', 'x', 'generated'],
    ['pkg/__pycache__/a.pyc', 'x', 'generated'],
    ['.venv/pyvenv.cfg', 'home = /usr', 'generated'],
    ['my-env/conda-meta/history', '', 'generated'],
    ['.env', 'TOKEN=1', 'secret'],
    ['sub/.env.local', 'TOKEN=1', 'secret'],
    ['.envrc', 'x', 'secret'],
    ['id_rsa', 'x', 'secret'],
    ['keys/id_ed25519', 'x', 'secret'],
    ['server.key', 'x', 'secret'],
    ['store.p12', 'x', 'secret'],
    ['server.pem', pem('RSA PRIVATE KEY'), 'secret'],
    ['chain.pem', pem('CERTIFICATE') + pem('PRIVATE KEY'), 'secret'],
    ['deploy_key', pem('OPENSSH PRIVATE KEY'), 'secret'],
    ['backup.asc', pem('PGP PRIVATE KEY BLOCK'), 'secret'],
    ['.netrc', 'machine x', 'secret'],
    ['.pypirc', '[pypi]', 'secret'],
  ];
  test.each(never)('%s', async (path, content, reason) => {
    write({ [path]: content, 'train.py': '', '.amlignore': `!${path}\n` });
    const { entries, leftOut } = await collectSnapshot(root);
    expect(entries.map((entry) => entry.path)).toEqual(['.amlignore', 'train.py']);
    expect(leftOut).toEqual([{ path: expect.stringMatching(/./) as string, reason }]);
    expect(path.startsWith(leftOut[0]?.path ?? '-')).toBe(true);
  });

  test.each([
    ['a test that has a key in its text', 'test_tls.py', `KEY = """${pem('PRIVATE KEY')}"""`],
    ['a certificate', 'ca.pem', pem('CERTIFICATE')],
    ['a public key', 'id_rsa.pub', 'ssh-rsa AAAA'],
    ['a public key in PEM', 'public.pem', pem('PUBLIC KEY')],
    ['a folder named env that is code', 'env/maze.py', ''],
    ['names that only begin alike', '.gitattributes', ''],
  ])('but %s does', async (_, path, content) => {
    write({ [path]: content });
    expect(await pathsOf()).toEqual([path]);
  });

  test('folders that the caller excludes', async () => {
    write({ 'ws/workspace.db': '', 'a.py': '' });
    const { entries, leftOut } = await collectSnapshot(root, { exclude: [join(root, 'ws')] });
    expect(entries).toHaveLength(1);
    expect(leftOut).toEqual([{ path: 'ws/', reason: 'generated' }]);
  });
});

describe('links', () => {
  test('inside stay links, also to nothing; outside are left out', async () => {
    write({ 'data/x.txt': 'x', 'code/a.py': '' });
    const code = join(root, 'code');
    symlinkSync('a.py', join(code, 'plain'));
    symlinkSync(join(code, 'a.py'), join(code, 'absolute'));
    symlinkSync('missing', join(code, 'dangling'));
    symlinkSync('.', join(code, 'loop'));
    symlinkSync('../data', join(code, 'out'));
    symlinkSync('/etc/passwd', join(code, 'passwd'));
    mkdirSync(join(code, 'sub'));
    symlinkSync('../../data/x.txt', join(code, 'sub', 'x'));
    symlinkSync('../a.py', join(code, 'sub', 'up'));
    symlinkSync('../../code/a.py', join(code, 'sub', 'by-name'));
    const { entries, leftOut } = await collectSnapshot(code);
    expect(entries.filter((entry) => entry.type === 'link')).toEqual([
      { type: 'link', path: 'absolute', target: 'a.py' },
      { type: 'link', path: 'dangling', target: 'missing' },
      { type: 'link', path: 'loop', target: '.' },
      { type: 'link', path: 'plain', target: 'a.py' },
      { type: 'link', path: 'sub/by-name', target: '../a.py' },
      { type: 'link', path: 'sub/up', target: '../a.py' },
    ]);
    expect(leftOut).toEqual(['out', 'passwd', 'sub/x'].map((path) => ({ path, reason: 'outside' })));
  });

  test('a link that gets out by way of another one is left out', async () => {
    write({ 'code/deep/er/a': '', outside: 'x' });
    const code = join(root, 'code');
    symlinkSync('.', join(code, 'deep', 'er', 'top'));
    symlinkSync('../..', join(code, 'deep', 'er', 'root'));
    // On paper `deep/er/root/../outside` is `deep/er/outside`; followed, it is a file beside the folder.
    symlinkSync('root/../outside', join(code, 'deep', 'er', 'trick'));
    const { leftOut } = await collectSnapshot(code);
    expect(leftOut).toEqual([{ path: 'deep/er/trick', reason: 'outside' }]);
  });

  test('a folder that is reached through a link itself', async () => {
    write({ 'code/a.py': '', 'code/b/c': '' });
    symlinkSync('code', join(root, 'alias'));
    symlinkSync(join(root, 'alias', 'a.py'), join(root, 'code', 'by-alias'));
    const direct = await collectSnapshot(join(root, 'code'));
    const alias = await collectSnapshot(join(root, 'alias'));
    expect(alias.digest).toBe(direct.digest);
    expect(alias.entries.find((entry) => entry.path === 'by-alias')).toMatchObject({ target: 'a.py' });
  });
});

describe('the digest', () => {
  test('is that of the manifest, and of a build context with the same content', async () => {
    write({ 'a.py': 'print(1)', 'b/c': 'x' });
    chmodSync(join(root, 'b/c'), 0o755);
    symlinkSync('a.py', join(root, 'l'));
    const kept = new Map<string, string>();
    const snapshot = await collectSnapshot(root, {
      keep: {
        put: async (content) => {
          const digest = sha256(content);
          kept.set(digest, Buffer.from(content).toString());
          return { digest, size: content.byteLength };
        },
        putFile: () => Promise.reject(new Error('small files come as bytes')),
      },
    });
    expect([...kept.values()].sort()).toEqual(['print(1)', 'x']);
    expect(snapshot).toMatchObject({
      files: 3,
      size: 9,
      digest: '4de588c2e45aa1f17792b1d3e6bfa37ca17c3e0aa946b33bc3f742fe8783b566',
    });
    expect(
      treeDigest(
        snapshot.entries.map((entry) =>
          entry.type === 'file' ? { ...entry } : { ...entry, executable: false, size: 0, digest: '' },
        ),
      ),
    ).toBe(snapshot.digest);
  });

  test('knows content, names and the executable bit; not times, owners and other bits', async () => {
    write({ a: '1' });
    const digest = async (): Promise<string> => (await collectSnapshot(root)).digest;
    const first = await digest();
    utimesSync(join(root, 'a'), 1, 1);
    chmodSync(join(root, 'a'), 0o600);
    mkdirSync(join(root, 'empty'));
    expect(await digest()).toBe(first);
    chmodSync(join(root, 'a'), 0o700);
    expect(await digest()).not.toBe(first);
    chmodSync(join(root, 'a'), 0o600);
    write({ a: '2' });
    expect(await digest()).not.toBe(first);
  });
});

describe('limits', () => {
  test('too large: what is heavy is named, as far down as it says the same', async () => {
    write({
      'train.py': 'x',
      'data/raw/one.bin': 'x'.repeat(5000),
      'models/a.pt': 'x'.repeat(1500),
      'models/b.pt': 'x'.repeat(1500),
    });
    await expect(collectSnapshot(root, { maximumSize: 4000 })).rejects.toMatchObject({
      code: 'SNAPSHOT_TOO_LARGE',
      hint: expect.stringContaining('.amlignore') as string,
      details: {
        size: 8001,
        heaviest: [
          { path: 'data/raw/one.bin', size: 5000 },
          { path: 'models/', size: 3000 },
          { path: 'train.py', size: 1 },
        ],
      },
    });
    write({ '.gitignore': 'data\nmodels\n' });
    expect((await collectSnapshot(root, { maximumSize: 4000 })).files).toBe(2);
  });

  test('a missing folder, a file', async () => {
    await expect(collectSnapshot(join(root, 'nothing'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('what is no file is left out and said', async () => {
    write({ 'a.py': '' });
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), 'x');
    const { entries, leftOut } = await collectSnapshot(root);
    server.close();
    expect(entries.map((entry) => entry.path)).toEqual(['a.py']);
    expect(leftOut.map((item) => item.reason)).toEqual(['unusable', 'unusable']);
  });
});

describe('git as the judge', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'x.log', 'y.csv', 'out', 'data');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const rule = fc
    .tuple(
      fc.constantFrom('', '', '!'),
      fc.constantFrom('', '/', '**/'),
      fc.constantFrom('a', 'b', 'out', 'data', '*.log', '*', 'a/*', 'a/**', '*/b', 'data/**/a', '[ab]', '?b', 'x.*'),
      fc.constantFrom('', '/'),
    )
    .map((parts) => parts.join(''));
  const rules = fc.array(rule, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'));

  test('of random trees with nested rules the same files remain', async () => {
    let ignored = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(path, { minLength: 8, maxLength: 25 }),
        fc.dictionary(fc.constantFrom('', 'a/', 'b/', 'a/b/', 'out/', 'data/a/'), rules, { minKeys: 1, maxKeys: 5 }),
        fc.constantFrom('', 'a', 'a/b'),
        async (paths, files, sub) => {
          const folder = mkdtempSync(join(root, 'repo-'));
          const git = (args: string[]) =>
            spawnSync('git', args, {
              cwd: folder,
              encoding: 'utf8',
              env: { PATH: env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
            });
          git(['init', '-q', '--template=']);
          for (const [where, text] of Object.entries(files)) tryWrite(folder, `${where}.gitignore`, text);
          for (const one of paths) tryWrite(folder, one, '');
          const all = git(['ls-files', '-z', '-co', '--exclude-standard'])
            .stdout.split('\0')
            .filter((line) => line !== '');
          expect((await pathsOf(folder)).sort()).toEqual(all.sort());
          ignored += git(['ls-files', '-z', '-co']).stdout.split('\0').length - 1 - all.length;
          // A folder in the repository: the rules above hold, unless they ignore the folder itself.
          const inside = all.filter((one) => one.startsWith(`${sub}/`)).map((one) => one.slice(sub.length + 1));
          if (sub !== '' && inside.length > 0) expect((await pathsOf(join(folder, sub))).sort()).toEqual(inside.sort());
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
    expect(ignored).toBeGreaterThan(60);
  });

  /** A random path may need a folder where a file is. */
  function tryWrite(folder: string, path: string, content: string): void {
    try {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    } catch (error) {
      if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
});

test('what is too big for the memory comes as a file', async () => {
  const content = Buffer.alloc(200_000, 7);
  writeFileSync(join(root, 'big'), content);
  const seen: string[] = [];
  const snapshot = await collectSnapshot(root, {
    keep: {
      put: () => Promise.reject(new Error('large files come as files')),
      putFile: async (file) => {
        seen.push(file);
        return { digest: sha256(readFileSync(file)), size: content.length };
      },
    },
  });
  expect(seen).toEqual([join(root, 'big')]);
  expect(snapshot.size).toBe(200_000);
});

import { expect, test } from 'vitest';
import type { Lock, PypiPackage, RequirementEntry } from '../schema/index.ts';
import { diffLocks } from './diff-locks.ts';
import { namedAddresses, requirementsText } from './requirements-text.ts';
import { keepCommits } from './seed-commits.ts';

const pkg = (name: string, version: string, more: Partial<PypiPackage> = {}): PypiPackage => ({
  kind: 'pypi',
  name,
  version,
  filename: `${name}-${version}-py3-none-any.whl`,
  sha256: '0'.repeat(64),
  size: 1,
  dependencies: [],
  requested: true,
  ...more,
});
const lockOf = (...packages: PypiPackage[]): Lock => ({
  lockVersion: 1,
  fingerprint: 'f',
  platform: 'linux-64',
  python: { version: '3.11', source: 'machine' },
  inputs: { channels: [], indexes: [], findLinks: [], virtualPackages: {}, tools: {} },
  packages,
  digest: '',
});

test('a diff says what comes, goes and moves, by name', () => {
  const from = lockOf(pkg('same', '1'), pkg('up', '1.9'), pkg('gone', '1'), pkg('down', '2.0'), pkg('rebuilt', '1'));
  const to = lockOf(
    pkg('up', '1.10'),
    pkg('new', '1'),
    pkg('same', '1'),
    pkg('down', '2.0rc1'),
    pkg('rebuilt', '1', { sha256: '1'.repeat(64) }),
  );
  expect(diffLocks(from, to)).toEqual({
    added: [{ name: 'new', version: '1' }],
    removed: [{ name: 'gone', version: '1' }],
    changed: [
      { name: 'down', from: '2.0', to: '2.0rc1', direction: 'down' },
      { name: 'rebuilt', from: '1', to: '1', direction: 'rebuilt' },
      { name: 'up', from: '1.9', to: '1.10', direction: 'up' },
    ],
  });
  expect(diffLocks(undefined, undefined)).toEqual({ added: [], removed: [], changed: [] });
});

test.each([
  ['git+https://host/a/b.git@main', 'git+https://host/a/b.git@COMMIT'],
  ['b @ git+https://host/a/b.git', 'b @ git+https://host/a/b.git@COMMIT'],
  [
    'b @ git+https://me:pw@host/a/b.git@v1#subdirectory=x ; python_version > "3"',
    'b @ git+https://me:pw@host/a/b.git@COMMIT#subdirectory=x ; python_version > "3"',
  ],
  ['git+ssh://git@host/a/c.git@main#egg=c', 'git+ssh://git@host/a/c.git@COMMIT#egg=c'],
  ['other @ git+https://host/other.git@main', 'other @ git+https://host/other.git@main'],
])('a relock keeps the commit of %s', (line, expected) => {
  const commit = 'ab'.repeat(20);
  const git = (name: string, url: string): PypiPackage =>
    pkg(name, '1', { builtFrom: { kind: 'git', url: `${url}@${commit}` } });
  const seed = lockOf(git('b', 'git+https://host/a/b.git'), git('c', 'git+ssh://git@host/a/c.git'));
  expect(keepCommits(`${line}\n`, seed, [])).toBe(`${expected.replace('COMMIT', commit)}\n`);
  expect(keepCommits(`${line}\n`, seed, ['b', 'c'])).toBe(`${line}\n`);
});

const requirement = (text: string): RequirementEntry => ({ type: 'requirement', text });
const option = (name: string, value?: string): RequirementEntry => ({ type: 'option', name, value });
const file = { path: 'x', digest: 'd', size: 1 };

test('entries become the text to resolve', () => {
  const entries: RequirementEntry[] = [
    option('--index-url', 'https://${U}:${P}@i/simple'),
    { type: 'include', file, entries: [requirement('a>1'), option('--extra-index-url', 'https://e/')] },
    { type: 'constraint', file, entries: [requirement('b<2')] },
    {
      type: 'local',
      kind: 'project',
      file: { ...file, path: 'my tree#1' },
      editable: true,
      extras: ['x', 'y'],
      marker: 'python_version > "3"',
    },
    {
      type: 'local',
      kind: 'wheel',
      file: { ...file, path: 'w/c-1-py3-none-any.whl' },
      editable: false,
      extras: [],
      name: 'c',
    },
    requirement('d[z]==1 ; os_name == "posix" --hash=sha256:' + 'A'.repeat(64)),
  ];
  const text = requirementsText(entries, (path) => `/laid/out/${path}`);
  expect(text.requirements.split('\n')).toEqual([
    'a>1',
    'file:///laid/out/my%20tree%231[x,y] ; python_version > "3"',
    'c @ file:///laid/out/w/c-1-py3-none-any.whl',
    'd[z]==1 ; os_name == "posix"',
    '',
  ]);
  expect(text.constraints).toBe('b<2\n');
  expect([...text.hashes]).toEqual([['d', new Set(['a'.repeat(64)])]]);
  expect(text.requireHashes).toBe(true);
  expect(text.options).toMatchObject({ indexUrl: 'https://${U}:${P}@i/simple', extraIndexUrls: ['https://e/'] });
  expect(namedAddresses(entries)).toEqual(['https://${U}:${P}@i/simple', 'https://e/']);
});

test.each([
  ['a==1 --hash=sha512:abc', '`--hash=sha512:abc` of `a` is no SHA-256 digest'],
  ['a==1 --global-option=--fast', '`--global-option` of `a` cannot be passed to a build any more'],
])('%s is not ignored', (text, message) => {
  expect(() => requirementsText([requirement(text)], (path) => path)).toThrow(message);
});

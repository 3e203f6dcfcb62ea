import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CondaPackage, Lock, LockedPackage, PypiPackage } from '../schema/index.ts';
import { diffLocks } from './diff-locks.ts';
import { exportLock } from './export-lock.ts';

const conda = (name: string, more: Partial<CondaPackage> = {}): CondaPackage => ({
  kind: 'conda',
  name,
  version: '1.0',
  build: '0',
  buildNumber: 0,
  filename: `${name}-1.0-0.conda`,
  url: `https://conda.example/main/linux-64/${name}-1.0-0.conda`,
  channel: 'https://conda.example/main',
  subdir: 'linux-64',
  sha256: 'a'.repeat(64),
  md5: 'b'.repeat(32),
  size: 10,
  depends: [],
  constrains: [],
  dependencies: [],
  requested: true,
  ...more,
});
const pypi = (name: string, more: Partial<PypiPackage> = {}): PypiPackage => ({
  kind: 'pypi',
  name,
  version: '2.0',
  filename: `${name}-2.0-py3-none-any.whl`,
  url: `https://index.example/${name}-2.0-py3-none-any.whl`,
  index: 'https://index.example/simple',
  sha256: 'c'.repeat(64),
  size: 20,
  dependencies: [],
  requested: true,
  ...more,
});
const lockOf = (...packages: LockedPackage[]): Lock => ({
  lockVersion: 1,
  fingerprint: 'f0',
  platform: 'linux-64',
  python: { version: '3.11', source: 'conda' },
  inputs: {
    channels: ['https://conda.example/main'],
    indexes: [],
    findLinks: [],
    virtualPackages: { __glibc: '2.28' },
    tools: {},
  },
  packages,
  digest: '',
});

test('conda’s own list has addresses in install order, with the digest that conda checks', () => {
  const lock = lockOf(conda('zlib'), conda('app', { md5: undefined }));
  expect(exportLock(lock, 'explicit').split('\n').slice(2)).toEqual([
    '# platform: linux-64',
    '@EXPLICIT',
    `https://conda.example/main/linux-64/zlib-1.0-0.conda#${'b'.repeat(32)}`,
    `https://conda.example/main/linux-64/app-1.0-0.conda#${'a'.repeat(64)}`,
    '',
  ]);
});

test('conda-lock.yml holds conda and PyPI packages', () => {
  const python = conda('python', {
    depends: ['libzlib >=1.2.13,<2.0.0a0', '__glibc >=2.17', 'tzdata', 'a[version=">=1"]'],
  });
  const document = parse(exportLock(lockOf(python, pypi('tool', { dependencies: ['rich'] })), 'conda-lock'));
  expect(document.metadata).toEqual({
    content_hash: { 'linux-64': 'f0' },
    channels: [{ url: 'https://conda.example/main', used_env_vars: [] }],
    platforms: ['linux-64'],
    sources: ['environment.yml'],
  });
  expect(document.package).toEqual([
    {
      name: 'python',
      version: '1.0',
      manager: 'conda',
      platform: 'linux-64',
      dependencies: { a: '[version=">=1"]', libzlib: '>=1.2.13,<2.0.0a0', tzdata: '' },
      url: python.url,
      hash: { md5: 'b'.repeat(32), sha256: 'a'.repeat(64) },
      category: 'main',
      optional: false,
    },
    {
      name: 'tool',
      version: '2.0',
      manager: 'pip',
      platform: 'linux-64',
      dependencies: { rich: '*' },
      url: 'https://index.example/tool-2.0-py3-none-any.whl',
      hash: { sha256: 'c'.repeat(64) },
      category: 'main',
      optional: false,
    },
  ]);
  expect(parse(exportLock(lockOf(), 'conda-lock')).package).toEqual([]);
});

test.each([
  ['pylock', lockOf(conda('a'), pypi('b')), 'the lock has conda packages, which `pylock` cannot hold: `a`'],
  ['requirements', lockOf(conda('a')), 'the lock has conda packages, which `requirements` cannot hold: `a`'],
  ['explicit', lockOf(conda('a'), pypi('b')), 'which conda’s explicit list cannot hold: `b`'],
  ['conda-lock', lockOf(pypi('b', { url: undefined })), 'the lock has packages that no address names: `b`'],
] as const)('%s refuses what it cannot hold', (format, lock, message) => {
  expect(() => exportLock(lock, format)).toThrow(message);
});

test('a conda package and one from PyPI of the same name are two things in a diff', () => {
  const before = lockOf(conda('graphviz'), conda('openssl', { version: '1.1.1k' }));
  const after = lockOf(
    conda('graphviz'),
    pypi('graphviz'),
    conda('openssl', { version: '1.1.1w', sha256: 'd'.repeat(64) }),
  );
  expect(diffLocks(before, after)).toEqual({
    added: [{ name: 'graphviz', version: '2.0' }],
    removed: [],
    changed: [{ name: 'openssl', from: '1.1.1k', to: '1.1.1w', direction: 'up' }],
  });
});

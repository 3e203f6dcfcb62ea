import { describe, expect, it } from 'vitest';
import type { CondaPackage, Lock, LockedPackage, PypiPackage } from '../schema/index.ts';
import { checkLock, lockDigest, serialiseLock } from './lock-document.ts';

const wheel = (name: string, version: string, dependencies: string[] = []): PypiPackage => ({
  kind: 'pypi',
  name,
  version,
  filename: `${name}-${version}-py3-none-any.whl`,
  url: `https://files.example/${name}-${version}-py3-none-any.whl`,
  sha256: digestOf(name, version),
  size: 1000 + version.length,
  dependencies,
  requested: dependencies.length > 0,
});
const conda = (name: string, version: string, depends: string[] = []): CondaPackage => ({
  kind: 'conda',
  name,
  version,
  build: 'h0_0',
  buildNumber: 0,
  filename: `${name}-${version}-h0_0.conda`,
  url: `https://c.example/linux-64/${name}-${version}-h0_0.conda`,
  channel: 'c',
  subdir: 'linux-64',
  sha256: digestOf(name, version),
  size: 2000,
  depends,
  constrains: [],
  dependencies: depends.map((spec) => spec.split(' ')[0] ?? ''),
  requested: false,
});

function digestOf(name: string, version: string): string {
  return Buffer.from(`${name}${version}`).toString('hex').padEnd(64, '0').slice(0, 64);
}

function lockOf(packages: LockedPackage[]): Lock {
  const lock = {
    lockVersion: 1,
    fingerprint: 'f'.repeat(64),
    platform: 'linux-64',
    python: { version: '3.12', source: 'conda' },
    inputs: {
      channels: ['c'],
      indexes: ['https://pypi.org/simple'],
      findLinks: [],
      virtualPackages: { __glibc: '2.28', __linux: '5.10' },
      tools: { rattler: '1', uv: '2' },
    },
    packages,
  } satisfies Omit<Lock, 'digest'>;
  return { ...lock, digest: lockDigest(lock) };
}

/** A lock's lines: those of one package, and all others but the digest's. */
function linesOf(lock: Lock, name: string): { own: string[]; others: string[] } {
  const lines = serialiseLock(lock).split('\n');
  const named = lines.indexOf(`      "name": "${name}",`);
  const start = named === -1 ? 0 : lines.lastIndexOf('    {', named);
  const end = named === -1 ? 0 : lines.findIndex((line, index) => index > named && /^ {4}\},?$/.test(line)) + 1;
  return {
    own: lines.slice(start, end),
    others: lines.toSpliced(start, end - start).filter((line) => !line.startsWith('  "digest": ')),
  };
}

describe('two locks as files', () => {
  const before = [
    conda('python', '3.12.4', ['openssl >=3']),
    conda('openssl', '3.3'),
    wheel('alpha', '1.0'),
    wheel('beta', '1.0', ['alpha']),
    wheel('gamma', '0.1'),
  ];
  const withInstead = (name: string, pkg: LockedPackage): LockedPackage[] =>
    before.map((each) => (each.name === name ? pkg : each));

  it.each<[what: string, name: string, after: LockedPackage[]]>([
    ['another version', 'alpha', withInstead('alpha', wheel('alpha', '1.1'))],
    ['another version that needs more', 'beta', withInstead('beta', wheel('beta', '2.0', ['alpha', 'gamma']))],
    ['another version of conda', 'openssl', withInstead('openssl', conda('openssl', '3.4', ['python >=3']))],
    ['the last one', 'gamma', withInstead('gamma', wheel('gamma', '0.2'))],
    ['one more', 'delta', before.flatMap((each) => (each.name === 'beta' ? [wheel('delta', '1.0'), each] : [each]))],
    ['one less', 'alpha', before.filter(({ name }) => name !== 'alpha')],
  ])('differ in the lines of that package and the digest: %s', (_what, name, after) => {
    const [from, to] = [lockOf(before), lockOf(after)];
    expect(from.digest).not.toBe(to.digest);
    expect(linesOf(from, name).others).toEqual(linesOf(to, name).others);
    expect(linesOf(from, name).own).not.toEqual(linesOf(to, name).own);
  });

  it('and each field has a line', () => {
    const [from, to] = [before, withInstead('alpha', wheel('alpha', '1.1'))].map((packages) =>
      linesOf(lockOf(packages), 'alpha'),
    );
    const moved = to?.own.filter((line, index) => line !== from?.own[index]).map((line) => line.trim().split(':')[0]);
    expect(moved).toEqual(['"version"', '"filename"', '"url"', '"sha256"']);
  });

  it('are the same text whatever the order of keys, and are read back', () => {
    const lock = lockOf(before);
    const shuffled = JSON.parse(JSON.stringify(lock), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as Lock;
    expect(serialiseLock(shuffled)).toBe(serialiseLock(lock));
    expect(checkLock(JSON.parse(serialiseLock(lock)))).toEqual(lock);
  });
});

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { serialiseLock } from '../../src/resolve/index.ts';
import type { Lock } from '../../src/schema/index.ts';
import { defaultPython, leftovers, lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type Distribution, type IndexOptions, type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { pythonsForTests } from '../kit/pythons.ts';
import { makeSdist } from '../kit/sdist.ts';
import { makeWheel } from '../kit/wheel.ts';

const machines: Machine[] = [];
const machine = async (options: Parameters<typeof makeMachine>[0] = {}): Promise<Machine> => {
  const made = await makeMachine(options);
  machines.push(made);
  return made;
};
let native = '';
let index: PypiIndex;

const distributions = (): Distribution[] => [
  makeWheel({
    name: 'web',
    version: '1.0',
    requires: ['Router>=1', 'template_engine', 'colour; sys_platform == "win32"'],
  }),
  makeWheel({
    name: 'web',
    version: '1.1',
    requires: ['Router>=1', 'template_engine', 'colour; sys_platform == "win32"'],
  }),
  makeWheel({ name: 'Router', version: '1.4' }),
  makeWheel({ name: 'router', version: '2.0', requiresPython: '>=3.99' }),
  makeWheel({ name: 'template-engine', version: '3.0', requires: ['markup.safe'] }),
  makeWheel({ name: 'markup.safe', version: '2.0', tag: `${native}-manylinux_2_17_x86_64.manylinux2014_x86_64` }),
  makeWheel({ name: 'markup.safe', version: '2.0', tag: `${native}-manylinux_2_28_x86_64` }),
  makeWheel({ name: 'markup.safe', version: '2.0', tag: `${native}-manylinux_2_34_x86_64` }),
  makeWheel({ name: 'markup.safe', version: '2.0' }),
  makeWheel({ name: 'colour', version: '1.0' }),
  makeSdist({ name: 'old-style', version: '0.3', requires: ['router'] }),
  makeWheel({ name: 'ring-a', version: '1', requires: ['ring-b'] }),
  makeWheel({ name: 'ring-b', version: '1', requires: ['ring-a'] }),
];

beforeAll(async () => {
  const minor = (await defaultPython()).minor.replace('.', '');
  native = `cp${minor}-cp${minor}`;
  index = await startPypiIndex(distributions());
});
afterAll(async () => await index.close());
afterEach(async () => {
  for (const each of machines.splice(0)) await each.remove();
});

const options = (): string[] => [`--index-url ${index.url}`];

test('a lock names everything, in install order', async () => {
  const lock = await lockOn(await machine(), { requirements: [...options(), 'web', 'old-style'] });
  const { python } = lock;
  expect(python).toEqual({ version: (await defaultPython()).minor, source: 'machine' });
  expect(lock.inputs).toMatchObject({
    channels: [],
    indexes: [index.url],
    findLinks: [],
    virtualPackages: { __glibc: '2.28' },
  });
  expect(Object.keys(lock.inputs.tools)).toEqual(['uv']);
  expect(lock.packages.map(({ name }) => name)).toEqual([
    'markup-safe',
    'router',
    'old-style',
    'template-engine',
    'web',
  ]);
  const router = makeWheel({ name: 'Router', version: '1.4' });
  expect(lock.packages[1]).toEqual({
    kind: 'pypi',
    name: 'router',
    version: '1.4',
    filename: 'Router-1.4-py3-none-any.whl',
    url: index.fileUrl('Router-1.4-py3-none-any.whl'),
    index: index.url,
    sha256: router.sha256,
    size: router.bytes.length,
    dependencies: [],
    requested: false,
  });
  const web = lock.packages.at(-1);
  expect(web).toMatchObject({
    name: 'web',
    version: '1.1',
    requested: true,
    dependencies: ['router', 'template-engine'],
  });
  const built = lock.packages.find(({ name }) => name === 'old-style');
  expect(built).toMatchObject({
    version: '0.3',
    filename: 'old_style-0.3-py3-none-any.whl',
    requested: true,
    dependencies: ['router'],
    builtFrom: {
      kind: 'sdist',
      url: index.fileUrl('old_style-0.3.tar.gz'),
      digest: makeSdist({ name: 'old-style', version: '0.3', requires: ['router'] }).sha256,
    },
  });
  expect(built?.url).toBeUndefined();
});

test('the wheel is the one for the platform’s fixed libc, not for the machine’s', async () => {
  const here = await machine();
  const request = { requirements: [...options(), 'markup.safe'] };
  const filename = (lock: Lock): string | undefined => lock.packages[0]?.filename;
  expect(filename(await lockOn(here, request))).toBe(`markup_safe-2.0-${native}-manylinux_2_28_x86_64.whl`);
  const glibc = (version: string): Parameters<typeof lockOn>[1] => ({
    ...request,
    keys: { system_requirements: { glibc: version } },
  });
  const newer = await lockOn(here, glibc('2.35'));
  expect(filename(newer)).toBe(`markup_safe-2.0-${native}-manylinux_2_34_x86_64.whl`);
  expect(newer.inputs.virtualPackages).toEqual({ __glibc: '2.35' });
  expect(filename(await lockOn(here, glibc('2.17')))).toBe(
    `markup_safe-2.0-${native}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`,
  );
  expect(filename(await lockOn(here, glibc('2.33')))).toBe(`markup_safe-2.0-${native}-manylinux_2_28_x86_64.whl`);
  expect(filename(await lockOn(here, glibc('2.41')))).toBe(`markup_safe-2.0-${native}-manylinux_2_34_x86_64.whl`);
  await expect(lockOn(here, glibc('2.12'))).rejects.toThrow('wheels for glibc 2.12 cannot be resolved');
});

test('packages that need each other come out in one order', async () => {
  const lock = await lockOn(await machine(), { requirements: [...options(), 'ring-a'] });
  expect(lock.packages.map(({ name, dependencies }) => [name, dependencies])).toEqual([
    ['ring-b', ['ring-a']],
    ['ring-a', ['ring-b']],
  ]);
});

test('no requirement, no package; a marker for another platform too', async () => {
  const here = await machine();
  expect((await lockOn(here, { requirements: [] })).packages).toEqual([]);
  expect((await lockOn(here, { requirements: [...options(), 'colour; sys_platform == "win32"'] })).packages).toEqual(
    [],
  );
});

test('the same bytes with every Python of the machine, every state of the cache, every order of answers', async () => {
  const pythons = await pythonsForTests();
  const wanted = {
    requirements: [`--index-url ${index.url}`, 'web', 'old-style', 'ring-a'],
    python: (await defaultPython()).minor,
  };
  const texts: string[] = [];
  const onlyWheels = { ...wanted, requirements: wanted.requirements.filter((line) => line !== 'old-style') };
  const first = await machine();
  texts.push(serialiseLock(await lockOn(first, onlyWheels)), serialiseLock(await lockOn(first, onlyWheels)));
  for (const python of new Set([pythons[0], pythons.at(-1)]))
    texts.push(serialiseLock(await lockOn(await machine({ python }), onlyWheels)));
  expect(new Set(texts).size).toBe(1);
  const full = serialiseLock(await lockOn(first, wanted));
  expect(serialiseLock(await lockOn(await machine(), wanted))).toBe(full);
  for (const text of [...texts, full]) {
    expect(text).not.toContain(first.folder);
    expect(text).not.toMatch(/\b20\d\d-\d\d-\d\d|\/tmp|requirements\.in/);
  }
});

test('an index that answers in another order, another form, at another pace gives the same lock', async () => {
  const variants: IndexOptions[] = [
    { reversed: true },
    { format: 'html', sizes: false },
    { delay: (path) => (path.length * 37) % 90 },
    { metadata: false },
    { ranges: false, metadata: false },
    { digests: false, sizes: false, format: 'html' },
  ];
  const seen = new Set<string>();
  for (const variant of [{}, ...variants]) {
    const other = await startPypiIndex(distributions(), variant);
    try {
      const lock = await lockOn(await machine(), { requirements: [`--index-url ${other.url}`, 'web', 'ring-b'] });
      seen.add(
        serialiseLock(lock)
          .replaceAll(`:${other.port}/`, ':0/')
          .replace(/"(?:digest|fingerprint)": "\w+"/g, ''),
      );
    } finally {
      await other.close();
    }
  }
  expect([...seen]).toHaveLength(1);
});

test('nothing temporary is left', async () => {
  const here = await machine();
  await lockOn(here, { requirements: [...options(), 'web', 'old-style'] });
  expect(await leftovers(here)).toEqual([]);
});

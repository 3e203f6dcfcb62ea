import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Lock, Platform } from '../../src/schema/index.ts';
import { lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { makeWheel } from '../kit/wheel.ts';

let index: PypiIndex;
let here: Machine;
const platformTags: Record<Platform, string> = {
  'linux-64': 'manylinux_2_17_x86_64.manylinux2014_x86_64',
  'linux-aarch64': 'manylinux_2_28_aarch64',
  'osx-64': 'macosx_10_9_x86_64',
  'osx-arm64': 'macosx_11_0_arm64',
  'win-64': 'win_amd64',
};

beforeAll(async () => {
  const marked = [
    'nt; os_name == "nt"',
    'mac; sys_platform == "darwin"',
    'arm; platform_machine == "aarch64" or platform_machine == "arm64"',
    'gnu; platform_system == "Linux"',
    'old; python_version < "3.12"',
    'patched; python_full_version >= "3.12.4"',
    'released; platform_release >= "1"',
  ];
  index = await startPypiIndex([
    ...Object.values(platformTags).map((tag) =>
      makeWheel({ name: 'native', version: '1.0', tag: `cp312-cp312-${tag}` }),
    ),
    makeWheel({ name: 'native', version: '1.0', tag: 'cp312-cp312-musllinux_1_2_x86_64' }),
    makeWheel({ name: 'native', version: '1.0', tag: 'cp312-cp312-macosx_14_0_arm64' }),
    makeWheel({ name: 'native', version: '1.0', tag: 'cp313-cp313-manylinux_2_28_x86_64' }),
    makeWheel({ name: 'marked', version: '1.0', requires: marked }),
    ...['nt', 'mac', 'arm', 'gnu', 'old', 'patched', 'released'].map((name) => makeWheel({ name, version: '1.0' })),
    makeWheel({ name: 'patchy', version: '1.0', requiresPython: '>=3.12.4' }),
    makeWheel({ name: 'old-or-new', version: '1.0', tag: 'py3-none-any' }),
    makeWheel({ name: 'old-or-new', version: '2.0', requiresPython: '>=3.13' }),
  ]);
});
afterAll(async () => await index.close());
beforeEach(async () => {
  here = await makeMachine();
});
afterEach(async () => await here.remove());

const lockFor = async (platform: Platform, lines: string[], python = '3.12'): Promise<Lock> =>
  await lockOn(here, { requirements: [`--index-url ${index.url}`, ...lines], platform, python });
const names = (lock: Lock): string[] => lock.packages.map(({ name }) => name).sort();

test.each(Platform.options)('%s from here: its wheel', async (platform) => {
  // A variable of the machine that uv would listen to.
  here.env.MACOSX_DEPLOYMENT_TARGET = '15.0';
  const lock = await lockFor(platform, ['native']);
  expect(lock.platform).toBe(platform);
  expect(lock.packages[0]?.filename).toBe(`native-1.0-cp312-cp312-${platformTags[platform]}.whl`);
});

test.each([
  ['linux-64', ['gnu']],
  ['linux-aarch64', ['arm', 'gnu']],
  ['osx-64', ['mac']],
  ['osx-arm64', ['arm', 'mac']],
  ['win-64', ['nt']],
] as const)('%s from here: its markers', async (platform, expected) => {
  expect(names(await lockFor(platform, ['marked']))).toEqual([...expected, 'marked'].sort());
});

test('a Python that this machine does not have', async () => {
  expect(names(await lockFor('linux-64', ['marked'], '3.9'))).toEqual(['gnu', 'marked', 'old']);
  expect((await lockFor('linux-64', ['old-or-new'], '3.13')).packages[0]?.version).toBe('2.0');
  expect((await lockFor('linux-64', ['old-or-new'], '3.12')).packages[0]?.version).toBe('1.0');
});

test('a patch version counts only if the definition names it', async () => {
  const lock = await lockFor('linux-64', ['marked', 'patchy'], '3.12.6');
  expect(names(lock)).toEqual(['gnu', 'marked', 'patched', 'patchy']);
  expect(lock.python?.version).toBe('3.12');
  await expect(lockFor('linux-64', ['patchy'])).rejects.toMatchObject({
    code: 'UNSOLVABLE',
    hint: 'Another Python may fit: `python: {version: "3.12.4"}`.',
  });
});

test('virtual packages are those of the platform and of the definition', async () => {
  const keys = { system_requirements: { cuda: '12.4', archspec: 'x86_64_v3' } };
  const lock = await lockOn(here, { requirements: [`--index-url ${index.url}`, 'gnu'], python: '3.12', keys });
  expect(lock.inputs.virtualPackages).toEqual({ __glibc: '2.28', __cuda: '12.4', __archspec: 'x86_64_v3' });
  expect((await lockFor('osx-arm64', ['gnu'])).inputs.virtualPackages).toEqual({ __osx: '13.0' });
  expect((await lockFor('win-64', ['gnu'])).inputs.virtualPackages).toEqual({});
});

import { expect, test } from 'vitest';
import type { Platform } from '../schema/index.ts';
import { chooseWheel } from './choose-wheel.ts';

const choose = (
  tags: string[],
  platform: Platform = 'linux-64',
  python = '3.11',
  glibc = '2.28',
): string | undefined => {
  const files = tags.map((tag) => ({ filename: `x-1.0-${tag}.whl` }));
  return chooseWheel(files, { platform, python, glibc })?.filename.slice('x-1.0-'.length, -'.whl'.length);
};

/** From the best to the worst, as pip orders them: each beats all that stand behind it, in whatever order they come. */
const orders: [Platform, string, string[]][] = [
  [
    'linux-64',
    '3.11',
    [
      'cp311-cp311-manylinux_2_28_x86_64',
      'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64',
      'cp311-cp311-manylinux2010_x86_64',
      'cp311-cp311-manylinux1_x86_64',
      'cp311-cp311-linux_x86_64',
      'cp311-abi3-manylinux_2_28_x86_64',
      'cp37-abi3-manylinux_2_28_x86_64',
      'cp37-abi3-manylinux2014_x86_64',
      'py3-none-manylinux2014_x86_64',
      'cp311-none-any',
      'py311-none-any',
      'py2.py3-none-any',
      'py310-none-any',
      'py39-none-any',
    ],
  ],
  [
    'osx-arm64',
    '3.12',
    [
      'cp312-cp312-macosx_13_0_arm64',
      'cp312-cp312-macosx_11_0_arm64',
      'cp312-cp312-macosx_11_0_universal2',
      'cp312-cp312-macosx_10_9_universal2',
      'cp39-abi3-macosx_11_0_arm64',
      'py3-none-any',
    ],
  ],
  [
    'osx-64',
    '3.12',
    [
      'cp312-cp312-macosx_11_0_x86_64',
      'cp312-cp312-macosx_10_9_x86_64',
      'cp312-cp312-macosx_10_9_universal2',
      'cp312-cp312-macosx_10_6_intel',
      'py3-none-any',
    ],
  ],
  ['win-64', '3.11', ['cp311-cp311-win_amd64', 'cp38-abi3-win_amd64', 'py3-none-win_amd64', 'py3-none-any']],
  ['linux-64', '3.7', ['cp37-cp37m-manylinux2014_x86_64', 'cp35-abi3-manylinux2014_x86_64', 'py3-none-any']],
];

test.each(orders)('%s with Python %s', (platform, python, tags) => {
  for (const [index, tag] of tags.entries()) {
    expect(choose(tags.slice(index), platform, python)).toBe(tag);
    expect(choose(tags.slice(index).reverse(), platform, python)).toBe(tag);
  }
});

test.each([
  ['cp312-cp312-manylinux_2_17_x86_64'],
  ['cp311-cp311t-manylinux_2_17_x86_64'],
  ['cp311-cp311-manylinux_2_34_x86_64'],
  ['cp311-cp311-manylinux_2_17_aarch64'],
  ['cp311-cp311-musllinux_1_2_x86_64'],
  ['cp311-cp311-macosx_11_0_arm64'],
  ['cp311-cp311-win_amd64'],
  ['cp312-abi3-manylinux_2_17_x86_64'],
  ['pp311-pypy311_pp73-manylinux_2_17_x86_64'],
  ['py2-none-any'],
  ['py312-none-any'],
])('%s does not fit', (tag) => expect(choose([tag])).toBeUndefined());

test('a newer macOS than the lock’s does not fit', () =>
  expect(choose(['cp312-cp312-macosx_14_0_arm64'], 'osx-arm64', '3.12')).toBeUndefined());

test('the highest build number of the same tags', () => {
  const files = ['x-1.0-2-py3-none-any.whl', 'x-1.0-10-py3-none-any.whl', 'x-1.0-py3-none-any.whl'].map((filename) => ({
    filename,
  }));
  expect(chooseWheel(files, { platform: 'linux-64', python: '3.11', glibc: '2.28' })?.filename).toBe(
    'x-1.0-10-py3-none-any.whl',
  );
});

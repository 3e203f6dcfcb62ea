import { expect, it } from 'vitest';
import { memoryFiles } from '../../test/kit/memory-files.ts';
import { isAppError } from '../errors/index.ts';
import { readDefinition } from './index.ts';

async function complaintAbout(spec: string): Promise<string | undefined> {
  const text = `dependencies:\n  - ${JSON.stringify(spec)}\n`;
  try {
    await readDefinition({ path: 'env.yml', text }, memoryFiles({ 'env.yml': text }));
  } catch (error) {
    if (isAppError(error)) return `${error.message} → ${error.hint}`;
    throw error;
  }
  return undefined;
}

it.each([
  ['foo>=1.0 <2', 'env.yml:2:5: `foo>=1.0 <2`: bounds are joined by a comma → Write `foo>=1.0,<2`.'],
  ['foo >=1.0, != 1.5 <2', '`foo >=1.0, != 1.5 <2`: bounds are joined by a comma → Write `foo >=1.0,!=1.5,<2`.'],
  ['python=3.11, numpy', 'Write each package on a line of its own.'],
  ['foo,bar', 'Write each package on a line of its own.'],
  ['foo=>1', 'Write `foo>=1`.'],
  ['foo =< 1.5', 'Write `foo <=1.5`.'],
  ['foo===1', 'Write `foo==1`.'],
  ['foo~1.2', 'Write `foo~=1.2`.'],
  ['foo@1.2', 'Write `foo=1.2`.'],
  ['conda-forge:numpy', 'Write `conda-forge::numpy`.'],
  ['foo; sys_platform == "linux"', 'Markers are for the `pip:` block; a conda file is for every platform.'],
  ['git+https://example.com/x.git', 'What is not in a conda channel belongs into the `pip:` block.'],
  ['./foo-1.0-py3-none-any.whl', 'What is not in a conda channel belongs into the `pip:` block.'],
  [
    'https://example.com/linux-64/foo-1.0-0.conda',
    'Write `foo=1.0=0` and add its channel; a list of addresses is an `@EXPLICIT` file.',
  ],
  ['foo[extra]', 'conda packages have no extras; put it into the `pip:` block.'],
  ['foo[extra]>=1', 'conda packages have no extras; put it into the `pip:` block.'],
  ['foo[verson=1.2]', '`verson` is nothing that a conda specification can say → Did you mean `version`? Allowed: '],
  ['', 'the entry is empty → Remove it, or write a package.'],
])('%s is refused, with the nearest right spelling', async (spec, complaint) => {
  expect(await complaintAbout(spec)).toContain(complaint);
});

it.each([
  'foo[version=">=1.0,<2",build=py*]',
  "foo[channel=conda-forge, subdir='linux-64']",
  'foo 1.0 py*_0',
  'foo >=1.0,<2 py*',
  'foo=1.0|2.0',
  'conda-forge/linux-64::foo=*=mkl*',
  'foo[md5=0123456789abcdef0123456789abcdef]',
])('%s is fine', async (spec) => {
  expect(await complaintAbout(spec)).toBeUndefined();
});

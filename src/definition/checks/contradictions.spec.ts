import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/kit/memory-files.ts';
import { readDefinition } from '../index.ts';
import { checkDefinition } from './index.ts';

async function errorsOf(text: string, files: Readonly<Record<string, string>> = {}, path = 'env.yml') {
  const read = await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }));
  return checkDefinition(read)
    .filter(({ code }) => ['conflicting-pins', 'empty-range', 'duplicate-package'].includes(code))
    .map(({ code, message, position }) => `${code} ${position?.file}:${position?.line}:${position?.column} ${message}`);
}
const conda = async (...dependencies: string[]) =>
  await errorsOf(`conda_file:\n  dependencies:\n${dependencies.map((each) => `    - ${each}\n`).join('')}`);

describe('lines that cannot both hold', () => {
  it.each<[what: string, dependencies: string[], found: string[]]>([
    [
      'conda with conda',
      ['numpy=1.24', 'numpy=1.26'],
      ['conflicting-pins env.yml:4:7 `numpy=1.26` contradicts `numpy=1.24`'],
    ],
    [
      'ranges of conda',
      ['numpy<2', 'conda-forge::numpy >=2'],
      ['conflicting-pins env.yml:4:7 `conda-forge::numpy >=2` contradicts `numpy<2`'],
    ],
    [
      'conda with pip',
      ['numpy=1.26', '{ pip: [numpy==2.0] }'],
      ['conflicting-pins env.yml:4:15 `numpy==2.0` contradicts `numpy=1.26`, which conda installs'],
    ],
    [
      'a name that is written otherwise',
      ['huggingface_hub=0.20', '{ pip: ["HuggingFace.Hub>=1"] }'],
      ['conflicting-pins env.yml:4:15 `HuggingFace.Hub>=1` contradicts `huggingface_hub=0.20`, which conda installs'],
    ],
    ['a range of conda', ['numpy>=2,<1.5'], ['empty-range env.yml:3:7 no version fits `numpy>=2,<1.5`']],
  ])('%s', async (_what, dependencies, found) => {
    expect(await conda(...dependencies)).toEqual(found);
  });

  it.each<[what: string, dependencies: string[]]>([
    ['what fits', ['numpy>=1.24', 'scipy=1.14', '{ pip: ["pandas>=2"] }']],
    ['conda’s and pip’s versions that fit', ['numpy=1.26', '{ pip: ["numpy>=1.26,<2"] }']],
    ['other things of one name', ['graphviz=9', '{ pip: [graphviz==0.20] }']],
    ['a requirement that may not count', ['numpy=1.26', '{ pip: ["numpy==2.0 ; sys_platform == \'win32\'"] }']],
    ['an archive', ['numpy=1.26', '{ pip: ["numpy @ https://x/numpy-2.0-py3-none-any.whl"] }']],
    ['versions that only conda knows', ['openssl>=1.1.1w', 'zlib']],
    ['a glob', ['numpy=1.2*', '{ pip: [numpy==1.26] }']],
  ])('are not %s', async (_what, dependencies) => {
    expect(await conda(...dependencies)).toEqual([]);
  });

  it('are a line and a constraint', async () => {
    const files = { 'c.txt': '-r more.txt\nnumpy<2\nscipy<1 ; os_name == "nt"\n', 'more.txt': 'pandas==1.0\n' };
    expect(await errorsOf('-c c.txt\nnumpy==2.0\nscipy==1.1\npandas>=2\ntorch\n', files, 'r.txt')).toEqual([
      'conflicting-pins r.txt:2:1 `numpy==2.0` contradicts `numpy<2` in `c.txt`',
      'conflicting-pins r.txt:4:1 `pandas>=2` contradicts `pandas==1.0` in `more.txt`',
    ]);
    expect(await errorsOf('-c c.txt\nnumpy<3\n', files, 'r.txt')).toEqual([]);
  });

  it('are not constraints that nothing needs', async () => {
    expect(await errorsOf('-c c.txt\na\n', { 'c.txt': 'numpy<2\nnumpy>=2\n' }, 'r.txt')).toEqual([]);
  });

  it.each([
    ['a==1.0\na==1.0+cpu\n', []],
    ['a==1\na==1.0\n', []],
    ['a==1.*\na>=2\n', ['conflicting-pins r.txt:2:1 `a>=2` contradicts `a==1.*`']],
    ['a~=1.4\na==2.0\n', ['conflicting-pins r.txt:2:1 `a==2.0` contradicts `a~=1.4`']],
    ['a>=2,<1\na==3\n', ['empty-range r.txt:1:1 no version fits `a>=2,<1`']],
    ['a==1,!=1\n', ['empty-range r.txt:1:1 no version fits `a==1,!=1`']],
  ])('by Python’s rules: %j', async (text, found) => {
    const all = await errorsOf(text, {}, 'r.txt');
    expect(all.filter((each) => !each.startsWith('duplicate-package'))).toEqual(found);
  });
});

import { expect, it } from 'vitest';
import { processorLevel } from './processor-level.ts';

const second = 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const third = 'abm avx avx2 bmi1 bmi2 f16c fma movbe xsave';
const fourth = 'avx512bw avx512cd avx512dq avx512f avx512vl';

it.each([
  ['nothing', undefined, undefined],
  ['another processor', 'processor : 0\nFeatures : fp asimd\n', undefined],
  ['the first x86-64', 'model name : x\nflags\t\t: fpu sse2\nbugs :\n', 1],
  ['a second one', `flags\t\t: fpu ${second}\n`, 2],
  ['one that lacks something of the second', `flags\t\t: fpu ${second.replace('popcnt ', '')} ${third}\n`, 1],
  ['a third one', `flags\t\t: fpu ${third} ${second}\n`, 3],
  ['a fourth one', `flags\t\t: fpu ${third} ${second} ${fourth} more\n`, 4],
])('reads the level of %s', (_what, text, level) => {
  expect(processorLevel(text ?? '')).toBe(level);
});

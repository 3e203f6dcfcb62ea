import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CondaFile } from '../unpacked-conda.ts';
import { fileLines, readFileLines } from './file-lines.ts';

const path = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\t\n]/.test(text));
const text = fc.string({ unit: 'grapheme' });
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const file: fc.Arbitrary<CondaFile> = fc.oneof(
  fc.record({
    path,
    type: fc.constant('directory'),
    sha256: fc.constant(''),
    size: fc.constant(0),
    executable: fc.constant(false),
  }),
  fc.record({ path, type: fc.constant('link'), sha256, size, executable: fc.constant(false), target: text }),
  fc.record(
    {
      path,
      type: fc.constant('file'),
      sha256,
      size,
      executable: fc.boolean(),
      placeholder: fc.record({ text, mode: fc.constantFrom('text', 'binary') }),
      noLink: fc.boolean(),
    },
    { requiredKeys: ['path', 'type', 'sha256', 'size', 'executable'] },
  ),
);

test('what is written is what is read', () => {
  fc.assert(
    fc.property(fc.array(file), (files) => {
      expect(readFileLines(fileLines(files))).toEqual(files);
    }),
  );
});

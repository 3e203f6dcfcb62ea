import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  condaRangesOf,
  isEmptyRange,
  matchesSpecifier,
  parseCondaSpec,
  parseSpecifiers,
  rangeOf,
  type VersionRange,
} from './index.ts';

const python = (text: string): VersionRange => rangeOf(parseSpecifiers(text) ?? []);
const conda = (text: string): VersionRange[] => {
  const spec = parseCondaSpec(text);
  if (spec === undefined) throw new Error(`no spec: ${text}`);
  return condaRangesOf(spec);
};
const isEmptyConda = (text: string): boolean => conda(text).every((range) => isEmptyRange(range));

describe('specifiers', () => {
  it.each([
    '>=2,<1.5',
    '>2,<2',
    '>=2,<2',
    '>2,<=2',
    '==1.*,>=2',
    '==1.2.*,==1.3.*',
    '~=1.4,>=2',
    '>=2rc1,<2',
    '==1!1,<2',
  ])('that exclude each other: %s', (text) => {
    expect(isEmptyRange(python(text))).toBe(true);
  });

  it.each([
    '',
    '>=1',
    '>=2,<=2',
    '>=1,<1.5',
    '==1.*,>=1.9',
    '~=1.4,<2',
    '>=2rc1,<2.1',
    '!=1,!=2',
    '===a,>=2',
    '==1.0+cpu,<=1',
  ])('that do not: %s', (text) => {
    expect(isEmptyRange(python(text))).toBe(false);
  });

  it('are never called empty while a version matches', () => {
    const number = fc.nat({ max: 3 });
    const release = fc.array(number, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
    const version = fc
      .tuple(release, fc.constantFrom('', 'a1', 'rc1', '.post1', '.dev1', '+cpu'))
      .map((parts) => parts.join(''));
    const clause = fc.oneof(
      fc.tuple(fc.constantFrom('>=', '>', '<=', '<', '==', '!='), version).map((parts) => parts.join('')),
      release.map((text) => `==${text}.*`),
      release.map((text) => `~=${text}`),
    );
    fc.assert(
      fc.property(version, fc.array(clause, { maxLength: 3 }), (candidate, clauses) => {
        const specifiers = parseSpecifiers(clauses.join(','));
        fc.pre(specifiers !== undefined);
        if (matchesSpecifier(candidate, specifiers)) expect(isEmptyRange(rangeOf(specifiers))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('conda’s specifications', () => {
  it.each(['a>=2,<1.5', 'a >=2,<2', 'a=1.2.*,>=2', 'a>=3,<2|>=5,<4', 'a[version=">=2,<1"]', 'a ~=1.4,>=2'])(
    'that exclude themselves: %s',
    (text) => {
      expect(isEmptyConda(text)).toBe(true);
    },
  );

  it.each([
    'a',
    'a=1.2',
    'a>=2,<1.5|>=3',
    'a=1.2*',
    'a>=1.1.1w,<1',
    'a>=2,<2rc1',
    'a (>=2,<1)',
    'a=*',
    'a>=1.2.*,<1.3',
    'a!=1.2.*',
    'a=2024a',
  ])('that do not: %s', (text) => {
    expect(isEmptyConda(text)).toBe(false);
  });

  it.each<[spec: string, specifiers: string, excluded: boolean]>([
    ['a=1.26', '==2.0', true],
    ['a=1.26', '==1.26.4', false],
    ['a==1.26', '==1.26.4', true],
    ['a==1.26', '==1.26.0', false],
    ['a 1.26', '==1.26.4', false],
    ['a=1.26.4=py311_0', '<1.26', true],
    ['a>=2', '<2', true],
    ['a<2', '>=2rc1', false],
    ['a=1|2', '>=3', true],
    ['a=1|2', '>=2', false],
  ])('beside Python’s: %s, %s', (spec, specifiers, excluded) => {
    expect(conda(spec).every((range) => isEmptyRange(range, python(specifiers)))).toBe(excluded);
  });
});

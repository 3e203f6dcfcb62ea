import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalVersion,
  compareVersions,
  isMarker,
  matchesSpecifier,
  parseRequirement,
  parseSpecifiers,
  parseVersion,
} from './index.ts';

interface RequirementAnswer {
  name: string;
  extras: string[];
  specs: string[];
  url: string | null;
  marker: string | null;
}

/** What PyPA's own library answers; test/kit/packaging-answers.py wrote it. */
const answers = readFileSync(join(import.meta.dirname, '../../test/kit/packaging-answers.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as [string, ...unknown[]]);

function rows<T extends unknown[]>(kind: string): T[] {
  return answers.flatMap(([found, ...row]) => (found === kind ? [row as T] : []));
}

const versions = rows<[string, string | null]>('versions');
const valid = versions.flatMap(([text, canonical]) => (canonical === null ? [] : [text]));

/** A version that is one for sure. */
function version(text: string): NonNullable<ReturnType<typeof parseVersion>> {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

describe('as `packaging` has it', () => {
  it('versions and their canonical form', () => {
    const ours = versions.map(([text]) => [text, parseVersion(text) === undefined ? null : canonicalVersion(text)]);
    expect(ours).toEqual(versions);
  });

  it('the order of versions', () => {
    const compared = rows<[string, string, number]>('compare');
    const ours = compared.map(([a, b]) => [a, b, Math.sign(compareVersions(version(a), version(b)))]);
    expect(ours).toEqual(compared);
  });

  it('which specifiers there are, and what they let in', () => {
    const expected = rows<[string, [string, boolean][] | null]>('specifiers');
    const ours = expected.map(([text, matches]) => {
      const specifiers = parseSpecifiers(text);
      if (specifiers === undefined) return [text, null];
      return [text, (matches ?? []).map(([each]) => [each, matchesSpecifier(each, specifiers)])];
    });
    expect(ours).toEqual(expected);
  });

  it('requirements', () => {
    const expected = rows<[string, RequirementAnswer | null]>('requirements');
    const ours = expected.map(([text]) => {
      const found = parseRequirement(text);
      if (found === undefined) return [text, null];
      const { name, extras, specifiers, url, marker } = found;
      return [
        text,
        { name, extras: [...extras].sort(), specs: specifiers.length, url: url ?? null, marker: marker !== undefined },
      ];
    });
    expect(ours).toEqual(
      expected.map(([text, answer]) => [
        text,
        answer === null ? null : { ...answer, specs: answer.specs.length, marker: answer.marker !== null },
      ]),
    );
  });

  it('markers', () => {
    const expected = rows<[string, boolean]>('markers');
    expect(expected.map(([text]) => [text, isMarker(text)])).toEqual(expected);
  });
});

describe('versions', () => {
  const anyVersion = fc.constantFrom(...valid);

  it('have a canonical form that is its own, and equal to what it was made from', () => {
    fc.assert(
      fc.property(anyVersion, (text) => {
        const canonical = canonicalVersion(text);
        expect(canonicalVersion(canonical)).toBe(canonical);
        expect(compareVersions(version(text), version(canonical))).toBe(0);
      }),
    );
  });

  it('are ordered: one way round, and through a third', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        const order = (x: string, y: string): number => Math.sign(compareVersions(version(x), version(y)));
        expect(order(a, b) + order(b, a)).toBe(0);
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('whatever the text', () => {
  const word = fc.constantFrom(
    'a',
    'os_name',
    '==',
    '>=',
    '~=',
    '"x"',
    '(',
    ')',
    ';',
    '@',
    '[',
    ']',
    ',',
    '1.0',
    '.*',
    'and',
    'not',
    'in',
    ' ',
    'ü',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  );

  it('nothing throws', () => {
    fc.assert(
      fc.property(text, (any) => {
        parseRequirement(any);
        parseSpecifiers(any);
        parseVersion(any);
        isMarker(any);
      }),
    );
  });

  it('a flood of brackets is no marker', () => {
    expect(isMarker(`${'('.repeat(200_000)}os_name=="a"${')'.repeat(200_000)}`)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { isAppError } from '../errors/index.ts';
import { createShapeReader } from './shape-reader.ts';
import { parseYaml } from './yaml-document.ts';

function complaints(text: string): string[] {
  try {
    parseYaml({ path: 'f.yml', text }, 'INVALID_DEFINITION');
  } catch (error) {
    if (isAppError(error)) return [...error.message.split('\n'), `hint: ${error.hint}`];
    throw error;
  }
  return [];
}

describe('a YAML document', () => {
  it('has the keys that `<<` brings, at the place where they are written', () => {
    const text =
      'base: &base\n  image: debian\n  tags: { a: "1" }\nmore: &more { os: linux }\nmine:\n  <<: [*base, *more]\n  os: windows\n';
    const document = parseYaml({ path: 'f.yml', text }, 'INVALID_DEFINITION');
    expect(document.value).toMatchObject({ mine: { image: 'debian', tags: { a: '1' }, os: 'windows' } });
    expect(document.sourceText(['mine', 'image'])).toBe('debian');
    expect(document.locate(['mine', 'image'])).toMatchObject({ line: 2, column: 10 });
    expect(document.locate(['mine', 'tags', 'a'])).toMatchObject({ line: 3, column: 14 });
    expect(document.locate(['mine', 'os'])).toMatchObject({ line: 7, column: 7 });
    const reader = createShapeReader(document);
    reader.map(['mine'], ['image', 'tags']);
    expect(reader.problems.map(({ message }) => message)).toEqual(['unknown key `os`']);
  });

  it.each([
    ['name:x\nlist:\n  - c\n', ['f.yml:1:1: a blank is missing after the colon', 'hint: Write `name: x`.']],
    ['a:\n  -b\n  -c\nd: 1\n', []],
    ['a: *nope\n', ['f.yml:1:4: there is no anchor `&nope` before this place', 'hint: Write the value out.']],
    [
      'a: !include b.yml\n',
      [
        'f.yml:1:4: the tag `!include` has no meaning here',
        'hint: Write the value itself; a file is named by its path.',
      ],
    ],
    ['a: @b\n', ['f.yml:1:4: a text cannot begin with `@`', 'hint: Put it into quotes.']],
    [
      'list:\n- pip:\n  - a\n  b\n',
      ['f.yml:4:3: `b` cannot stand here', 'hint: An item of a list begins with `- `, and a key is followed by `: `.'],
    ],
    [
      '- a\nb: 1\n',
      [
        'f.yml:2:1: `b: 1` cannot stand here',
        'hint: A list and a map cannot stand side by side: look at the indentation.',
      ],
    ],
  ])('says once, and in plain words, what is wrong with %j', (text, expected) => {
    expect(complaints(text)).toEqual(expected);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replacePrefix } from './index.ts';

const placeholder = '/old/place/of/the/package';
const prefix = '/new/env';

function utf32(text: string): Buffer {
  return Buffer.concat(Array.from(text, (each) => Buffer.from([each.charCodeAt(0), 0, 0, 0])));
}

describe('a text', () => {
  const far = `/${'long/'.repeat(30)}env`;
  it.each([
    ['nothing in it', 'a\nb\n', 'a\nb\n'],
    ['every occurrence', `x=${placeholder}/bin:${placeholder}\n${placeholder}`, `x=${prefix}/bin:${prefix}\n${prefix}`],
    [
      'half an occurrence at the end',
      `${placeholder}${placeholder.slice(0, -1)}`,
      `${prefix}${placeholder.slice(0, -1)}`,
    ],
    [
      'a first line',
      `#!${placeholder}/bin/python -E\nprint("${placeholder}")\n`,
      `#!${prefix}/bin/python -E\nprint("${prefix}")\n`,
    ],
    ['characters of several bytes', `é${placeholder}é`, `é${prefix}é`],
    ['signs that a pattern would read', `${placeholder}$&`, `${prefix}$&`],
  ])('has %s', (_what, text, expected) => {
    expect(replacePrefix(Buffer.from(text), { placeholder, mode: 'text', prefix }).toString()).toBe(expected);
  });

  it.each([
    ['longer than before', far],
    ['with signs that a pattern would read', '/new/$&/env'],
    ['with other letters', '/home/zoë/env'],
  ])('takes a prefix %s', (_what, to) => {
    const text = `a ${placeholder}/x ${placeholder}`;
    expect(replacePrefix(Buffer.from(text), { placeholder, mode: 'text', prefix: to }).toString()).toBe(
      `a ${to}/x ${to}`,
    );
  });

  it.each([
    ['Python', '/bin/python3.12', '', `#!/bin/sh\n'''exec' "${far}/bin/python3.12" "$0" "$@"\n' '''\n`],
    [
      'Python with options',
      '/bin/python',
      ' -I -E',
      `#!/bin/sh\n'''exec' "${far}/bin/python" -I -E "$0" "$@"\n' '''\n`,
    ],
    ['another program', '/bin/perl', '', '#!/usr/bin/env perl\n'],
    ['another program with options', '/bin/perl', ' -w -T', '#!/usr/bin/env -S perl -w -T\n'],
  ])('calls %s where the first line would be too long', (_what, program, options, first) => {
    const text = `#!${placeholder}${program}${options}\nbody ${placeholder}\n`;
    expect(replacePrefix(Buffer.from(text), { placeholder, mode: 'text', prefix: far }).toString()).toBe(
      `${first}body ${far}\n`,
    );
  });

  it('counts bytes: 127 are taken, 128 are not', () => {
    const line = (length: number): string =>
      `#!${placeholder}/bin/python`.padEnd(length + placeholder.length - prefix.length, 'x');
    const of = (length: number): string =>
      replacePrefix(Buffer.from(`${line(length)}\n`), { placeholder, mode: 'text', prefix }).toString();
    expect(of(127)).toMatch(/^#!\/new\/env\/bin\/pythonx+\n$/);
    expect(of(127)).toHaveLength(128);
    expect(of(128)).toMatch(/^#!\/usr\/bin\/env pythonx+\n$/);
  });

  it.each([
    [
      'a blank in the prefix',
      '/my env',
      `#!${placeholder}/bin/python\n`,
      `#!/bin/sh\n'''exec' "/my env/bin/python" "$0" "$@"\n' '''\n`,
    ],
    ['blanks before the program', '/my env', `#!  ${placeholder}/bin/ruby\n`, '#!/usr/bin/env ruby\n'],
    ['a program that is not ours', far, `#!/bin/sh ${placeholder}\n`, `#!/bin/sh ${far}\n`],
    ['a line in the middle', far, `x\n#!${placeholder}/bin/python\n`, `x\n#!${far}/bin/python\n`],
    [
      'a line for Windows',
      far,
      `#!${placeholder}/bin/python\r\nx\r\n`,
      `#!/bin/sh\n'''exec' "${far}/bin/python" "$0" "$@"\n' '''\nx\r\n`,
    ],
    [
      'nothing behind the line',
      '/my env',
      `#!${placeholder}/bin/python`,
      `#!/bin/sh\n'''exec' "/my env/bin/python" "$0" "$@"\n' '''\n`,
    ],
  ])('mends the first line with %s', (_what, to, text, expected) => {
    expect(replacePrefix(Buffer.from(text), { placeholder, mode: 'text', prefix: to }).toString()).toBe(expected);
  });
});

describe('a binary', () => {
  const gap = '\0'.repeat(placeholder.length - prefix.length);
  const replaced = (content: Buffer, to = prefix): Buffer =>
    replacePrefix(Buffer.from(content), { placeholder, mode: 'binary', prefix: to });

  it.each([
    ['nothing', 'abc\0def', 'abc\0def'],
    ['one string', `a\0${placeholder}\0b`, `a\0${prefix}${gap}\0b`],
    ['a string that goes on', `${placeholder}/lib/x\0b`, `${prefix}/lib/x${gap}\0b`],
    ['a string that began before', `-I${placeholder}/include\0`, `-I${prefix}/include${gap}\0`],
    ['several in one string', `${placeholder}:${placeholder}/a:b\0c`, `${prefix}:${prefix}/a:b${gap}${gap}\0c`],
    ['two in a row', `${placeholder}${placeholder}\0`, `${prefix}${prefix}${gap}${gap}\0`],
    ['several strings', `${placeholder}/a\0${placeholder}/b\0`, `${prefix}/a${gap}\0${prefix}/b${gap}\0`],
    ['the end of the file', `x\0${placeholder}/end`, `x\0${prefix}/end${gap}`],
    ['half of it at the end', placeholder.slice(0, -1), placeholder.slice(0, -1)],
  ])('keeps its length: %s', (_what, text, expected) => {
    expect(replaced(Buffer.from(text)).toString()).toBe(expected);
  });

  it('takes a prefix of exactly the placeholder’s length', () => {
    const exact = `/${'x'.repeat(placeholder.length - 1)}`;
    expect(replaced(Buffer.from(`a\0${placeholder}/y\0b`), exact).toString()).toBe(`a\0${exact}/y\0b`);
  });

  const encodings: [string, (text: string) => Buffer, number][] = [
    ['UTF-16LE', (text) => Buffer.from(text, 'utf16le'), 2],
    ['UTF-16BE', (text) => Buffer.from(text, 'utf16le').swap16(), 2],
    ['UTF-32LE', utf32, 4],
    ['UTF-32BE', (text) => utf32(text).swap32(), 4],
  ];
  it.each(encodings)('has %s', (_name, encode, unit) => {
    for (const before of [0, 1, 3]) {
      const around = (text: string): Buffer =>
        Buffer.concat([Buffer.alloc(before, 7), encode(`a\0${text}`), Buffer.from('end')]);
      expect(replaced(around(`${placeholder}/lib:${placeholder}\0b\0`))).toEqual(
        around(`${prefix}/lib:${prefix}${gap}${gap}\0b\0`),
      );
      expect(replaced(around(`${placeholder}/lib\0`)).length).toBe(before + unit * (placeholder.length + 7) + 3);
    }
  });

  it('is what a simple reading of the rule makes of it', () => {
    const part = fc.oneof(
      { weight: 3, arbitrary: fc.constant(placeholder) },
      { weight: 3, arbitrary: fc.constant('\0') },
      { weight: 2, arbitrary: fc.constantFrom('/', 'lib', placeholder.slice(0, 5), placeholder.slice(5), ':') },
      { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
    );
    const to = fc.integer({ min: 1, max: placeholder.length }).map((length) => `/${'n'.repeat(length - 1)}`);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), to, (parts, target) => {
        const text = parts.join('');
        // By hand: C string for C string, each filled up to the length that it had.
        const expected = text
          .split('\0')
          .map((each) => {
            const bytes = Buffer.byteLength(each);
            const moved = each.replaceAll(placeholder, target);
            return moved + '\0'.repeat(bytes - Buffer.byteLength(moved));
          })
          .join('\0');
        expect(replaced(Buffer.from(text), target).toString()).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

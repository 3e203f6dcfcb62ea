import { describe, expect, it } from 'vitest';
import { createStyle } from '../report/render/index.ts';
import { facts, shorten, table } from './table.ts';

const plain = createStyle(false);

describe('table', () => {
  it('aligns columns, and leaves no blanks at the ends of lines', () => {
    const rows = [
      ['iris', '10', 'flowers'],
      ['a-longer-name', '1', ''],
    ];
    expect(table(['name', 'version', 'description'], rows, plain)).toBe(
      ['name           version  description', 'iris           10       flowers', 'a-longer-name  1'].join('\n'),
    );
  });

  it('has no header without rows', () => {
    expect(table(['name'], [], plain)).toBe('');
  });

  it('keeps a row on its line, whatever a user wrote', () => {
    const rows = [['a', 'one\ntwo\tthree\u001B[2Jfour\u2028five']];
    expect(table(['n', 'd'], rows, plain)).toBe('n  d\na  one two three [2Jfour five');
  });
});

describe('facts', () => {
  it('aligns names and further lines, and leaves out what is not there', () => {
    const rows = [
      ['name', 'iris'],
      ['tags', undefined],
      ['note', ''],
      ['description', 'one\ntwo'],
    ] as const;
    expect(facts(rows, plain)).toBe('name         iris\ndescription  one\n             two');
  });

  it('lets our colours through, and nothing else that moves a terminal', () => {
    const style = createStyle(true);
    expect(facts([['a', `${style.red('x')}\u001B[2J\r\u0007y\u009B1A`]], plain)).toBe(`a  ${style.red('x')} [2J  y 1A`);
  });
});

it('shortens what is too long, and says so', () => {
  expect(shorten('abc', 3)).toBe('abc');
  expect(shorten('a😀cd', 3)).toBe('a😀…');
});

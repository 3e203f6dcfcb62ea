import type { Style } from '../report/render/index.ts';

/** Rows as aligned columns, with a header; the last column is not padded. What a user wrote keeps to its line and its place. No rows: no text. */
export function table(header: readonly string[], written: readonly (readonly string[])[], style: Style): string {
  if (written.length === 0) return '';
  const rows = written.map((row) => row.map((cell) => cell.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  return [style.dim(line(header).trimEnd()), ...rows.map((row) => line(row).trimEnd())].join('\n');
}

/** "Name:   value" lines, the names aligned. Rows without a value are left out. */
export function facts(rows: readonly (readonly [string, string | undefined])[], style: Style): string {
  const present = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present
    .map(([name, value]) => {
      const [first = '', ...more] = printable(value).split('\n');
      const indent = ' '.repeat(width + 2);
      return [`${style.dim(name.padEnd(width))}  ${first}`, ...more.map((line) => indent + line)].join('\n');
    })
    .join('\n');
}

/** Without what would move a terminal's cursor or do worse; colours and line ends stay. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}(\[[\d;]*m)?/gu, (found, colour?: string) =>
    found === '\n' || (colour !== undefined && found.startsWith('\u001B')) ? found : ` ${colour ?? ''}`,
  );
}

/** At most so many characters; `…` stands for the rest. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

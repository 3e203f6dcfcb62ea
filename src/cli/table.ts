import type { Style } from '../report/render/index.ts';

/** Rows as aligned columns, with a header; the last column is not padded. No rows: no text. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  if (rows.length === 0) return '';
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
      const [first = '', ...more] = value.split('\n');
      const indent = ' '.repeat(width + 2);
      return [`${style.dim(name.padEnd(width))}  ${first}`, ...more.map((line) => indent + line)].join('\n');
    })
    .join('\n');
}

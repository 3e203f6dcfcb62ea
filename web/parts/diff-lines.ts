export interface DiffLine {
  kind: 'same' | 'from' | 'to';
  text: string;
  /** Numbers of the line, from 1. */
  from?: number;
  to?: number;
}

/** Cells of the table beyond which lines are not aligned. */
const limit = 4_000_000;

/** The lines of both texts by their longest common sequence: taken away before added. */
export function diffLines(from: string, to: string): DiffLine[] {
  const a = linesOf(from);
  const b = linesOf(to);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const [x, y] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const isAligned = (x.length + 1) * (y.length + 1) <= limit;
  const width = y.length + 1;
  const table = new Uint32Array(isAligned ? (x.length + 1) * width : 0);
  for (let i = isAligned ? x.length - 1 : -1; i >= 0; i -= 1)
    for (let j = y.length - 1; j >= 0; j -= 1)
      table[i * width + j] =
        x[i] === y[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  const result: DiffLine[] = a.slice(0, head).map((text, i) => ({ kind: 'same', text, from: i + 1, to: i + 1 }));
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (isAligned && i < x.length && j < y.length && x[i] === y[j]) {
      result.push({ kind: 'same', text: x[i] ?? '', from: head + i + 1, to: head + j + 1 });
      i += 1;
      j += 1;
    } else if (
      j >= y.length ||
      (i < x.length && (!isAligned || (table[(i + 1) * width + j] ?? 0) >= (table[i * width + j + 1] ?? 0)))
    ) {
      result.push({ kind: 'from', text: x[i] ?? '', from: head + i + 1 });
      i += 1;
    } else {
      result.push({ kind: 'to', text: y[j] ?? '', to: head + j + 1 });
      j += 1;
    }
  }
  for (let k = tail; k > 0; k -= 1)
    result.push({ kind: 'same', text: a[a.length - k] ?? '', from: a.length - k + 1, to: b.length - k + 1 });
  return result;
}

/** Two columns: what was taken away stands beside what came for it. */
export function beside(lines: readonly DiffLine[]): { left?: DiffLine; right?: DiffLine }[] {
  const rows: { left?: DiffLine; right?: DiffLine }[] = [];
  let open = 0;
  for (const line of lines) {
    if (line.kind === 'same') {
      open = rows.length + 1;
      rows.push({ left: line, right: line });
    } else if (line.kind === 'from') {
      rows.push({ left: line });
    } else {
      const row = rows.slice(open).find(({ right }) => right === undefined);
      if (row === undefined) rows.push({ right: line });
      else row.right = line;
    }
  }
  return rows;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

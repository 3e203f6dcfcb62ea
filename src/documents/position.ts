/** A place in a source text; line and column count from 1, columns in UTF-16 code units. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** A text and the path that is shown for it. */
export interface SourceDocument {
  path: string;
  text: string;
}

/** "env.yml:3:5". */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** Where the lines of a text begin: a file of many lines is asked for the place of each. */
const lineStarts = new WeakMap<SourceDocument, readonly number[]>();

function startsOf(source: SourceDocument): readonly number[] {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = source.text.indexOf('\n'); at !== -1; at = source.text.indexOf('\n', at + 1)) starts.push(at + 1);
  lineStarts.set(source, starts);
  return starts;
}

/** The position of an offset into the text. */
export function positionAt(source: SourceDocument, offset: number): Position {
  const starts = startsOf(source);
  const place = Math.min(Math.max(0, offset), source.text.length);
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  const byteOrderMark = low === 0 && source.text.startsWith('\uFEFF') ? 1 : 0;
  return { file: source.path, line: low + 1, column: Math.max(1, place - (starts[low] ?? 0) + 1 - byteOrderMark) };
}

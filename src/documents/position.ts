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

/** The position of an offset into the text. */
export function positionAt({ path, text }: SourceDocument, offset: number): Position {
  const before = text.slice(0, Math.max(0, offset));
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  const byteOrderMark = line === 1 && text.startsWith('\uFEFF') ? 1 : 0;
  return { file: path, line, column: Math.max(1, before.length - lastBreak - byteOrderMark) };
}

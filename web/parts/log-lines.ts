/** Bytes that are kept; what is before them is fetched again when somebody scrolls there. */
export const keptBytes = 6_000_000;

/** A window of a log: whole lines, and where in the log they begin. */
export interface LogLines {
  lines: readonly string[];
  /** The byte at which the first line begins. */
  start: number;
  /** Bytes of the lines. */
  length: number;
  /** Text after the last line break. */
  rest: string;
}

export const noLines: LogLines = { lines: [], start: 0, length: 0, rest: '' };

const encoder = new TextEncoder();
const sizeOf = (text: string): number => encoder.encode(text).length;

/** With what has come. Lines at the top go where there are too many. */
export function appendText({ lines, start, length, rest }: LogLines, text: string): LogLines {
  const parts = (rest + text).split('\n');
  const last = parts.pop() ?? '';
  const added = parts.reduce((sum, line) => sum + sizeOf(line) + 1, 0);
  const all = [...lines, ...parts];
  let dropped = 0;
  let bytes = 0;
  while (length + added - bytes > keptBytes && dropped < all.length - 1) {
    bytes += sizeOf(all[dropped] ?? '') + 1;
    dropped += 1;
  }
  return {
    lines: dropped === 0 ? all : all.slice(dropped),
    start: start + bytes,
    length: length + added - bytes,
    rest: last,
  };
}

/** With bytes of the log that end where the window begins. A part that begins within a line loses that line's end, unless it is all there is. */
export function prependBytes({ lines, start, length, rest }: LogLines, bytes: Uint8Array): LogLines {
  const from = start - bytes.length;
  const cut = from === 0 ? 0 : bytes.indexOf(10) + 1;
  const whole = bytes.subarray(cut);
  if (whole.length === 0) return { lines, start, length, rest };
  const parts = new TextDecoder().decode(whole).split('\n');
  // A part ends with a line break, since the window begins with a line.
  parts.pop();
  return { lines: [...parts, ...lines], start: from + cut, length: length + whole.length, rest };
}

/** A line as a terminal would show it: without colours, and what a progress bar drew last. */
export function shownLine(line: string): string {
  const plain = line.replaceAll(escapes, '').replace(/\r+$/, '');
  const drawn = plain.slice(plain.lastIndexOf('\r') + 1);
  return drawn.length > 20_000 ? `${drawn.slice(0, 20_000)} … (${drawn.length - 20_000} more characters)` : drawn;
}

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one (ECMA-48)
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

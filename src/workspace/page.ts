import { AppError } from '../errors/index.ts';

export interface PageRequest {
  limit: number;
  /** The `next` of the page before. */
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  /** Give it as `cursor` for the next page; null at the end. */
  next: string | null;
}

/** A cursor carries the sort key of the last item, so that pages stay right while others write. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws AppError USAGE unless it came from `encodeCursor` with as many parts. */
export function decodeCursor(cursor: string, parts: number): (string | number)[] {
  try {
    const key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    if (Array.isArray(key) && key.length === parts) return key as (string | number)[];
  } catch {
    // Falls through to the error.
  }
  throw new AppError('USAGE', `\`${cursor}\` is no cursor of this list`, { hint: 'Take it from `next` of the page before.' });
}

/** Cuts the one row too many that tells whether there is more. */
export function toPage<Row, T>(rows: readonly Row[], limit: number, keyOf: (row: Row) => readonly (string | number)[], toItem: (row: Row) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

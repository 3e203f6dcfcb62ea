import { AppError } from '../errors/index.ts';

export interface PageRequest {
  limit: number;
  /** The `next` of the page before. */
  cursor?: string;
}

/** By the time of creation; with `-`, the newest first. */
export type TimeOrder = 'created' | '-created';

/** A page of what is listed by time, the newest first if nothing else is said. */
export interface TimedRequest extends PageRequest {
  sort?: TimeOrder;
}

/** How such a list is asked for, and where its next page is. */
export function inOrder(sort: TimeOrder = '-created'): { direction: 'asc' | 'desc'; beyond: '>' | '<' } {
  return sort === 'created' ? { direction: 'asc', beyond: '>' } : { direction: 'desc', beyond: '<' };
}

export interface Page<T> {
  items: T[];
  /** Give it as `cursor` for the next page; null at the end. */
  next: string | null;
}

/** The sort key of a list's last item, so that pages stay right while others write. @throws AppError USAGE for another list's cursor. */
export function cursorNumber(cursor: string): number {
  const key = decode(cursor);
  if (typeof key === 'number' && Number.isSafeInteger(key)) return key;
  throw foreignCursor(cursor);
}

/** The same for lists that are sorted by a text. */
export function cursorText(cursor: string): string {
  const key = decode(cursor);
  if (typeof key === 'string') return key;
  throw foreignCursor(cursor);
}

/** Cuts the one row too many that tells whether there is more. */
export function toPage<Row, T>(
  rows: readonly Row[],
  limit: number,
  { keyOf, toItem }: { keyOf: (row: Row) => number | string; toItem: (row: Row) => T },
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { items: shown.map(toItem), next: isMore ? encode(keyOf(last)) : null };
}

function encode(key: number | string): string {
  return Buffer.from(JSON.stringify([key])).toString('base64url');
}

function decode(cursor: string): unknown {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(key) && key.length === 1 ? key[0] : undefined;
  } catch {
    return undefined;
  }
}

function foreignCursor(cursor: string): AppError {
  return new AppError('USAGE', `\`${cursor}\` is no cursor of this list`, {
    hint: 'Take it from `next` of the page before.',
  });
}

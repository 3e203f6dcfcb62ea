import { AppError } from '../errors/index.ts';

/** Fifteen digits: every such number and its successor are exact in JavaScript and fit both databases. */
const highest = 999_999_999_999_999;

/** The value of a version that is written as a plain integer; null for any other ("1.10", "01", "v2"), which never counts for the next number. */
export function versionNumber(version: string): number | null {
  return /^(?:0|[1-9]\d{0,14})$/.test(version) ? Number(version) : null;
}

/** The next automatic version after the highest number there is. @throws AppError INVALID_NAME past fifteen digits. */
export function versionAfter(number: number | string | null | undefined, name: string): string {
  const last = Number(number ?? 0);
  if (last < highest) return String(last + 1);
  throw new AppError('INVALID_NAME', `\`${name}\` has no next version: its highest number is ${last}`, {
    hint: 'Name the version.',
  });
}

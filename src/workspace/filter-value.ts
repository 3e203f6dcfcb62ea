import { AppError } from '../errors/index.ts';

/** A filter's value as one of those that exist: a misspelt one must not look like an empty list. @throws AppError USAGE. */
export function filterValue<T extends string>(allowed: readonly T[], value: string, what: string): T {
  const found = allowed.find((candidate) => candidate.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw new AppError('USAGE', `\`${value}\` is no ${what}`, { hint: `One of: ${allowed.join(', ')}.` });
}

import { AppError } from '../errors/index.ts';
import type { OptionValues } from './command.ts';

interface Range {
  from?: number;
  to?: number;
}

/** `--limit`, from 1 to 1000. */
export function readLimit(options: OptionValues): number {
  return readWholeNumber(options, 'limit', { to: 1000 }) ?? 50;
}

/** An option that is a whole number, from 1 if nothing else is said; undefined if it is not given. @throws AppError USAGE. */
export function readWholeNumber(options: OptionValues, name: string, { from = 1, to }: Range = {}): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= from && number <= (to ?? Number.MAX_SAFE_INTEGER)) return number;
  const range = to === undefined ? `from ${from}` : `from ${from} to ${to}`;
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new AppError('USAGE', `--${flag} wants a whole number ${range}, not \`${text}\``);
}

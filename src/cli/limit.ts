import { AppError } from '../errors/index.ts';
import type { OptionValues } from './command.ts';

/** `--limit`, from 1 to 1000. */
export function readLimit(options: OptionValues): number {
  const text = options.text('limit') ?? '50';
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new AppError('USAGE', `--limit wants a whole number from 1 to 1000, not \`${text}\``);
  }
  return limit;
}

/** An option that is a whole number from 1; undefined if it is not given. */
export function readWholeNumber(options: OptionValues, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new AppError('USAGE', `--${name} wants a whole number from 1, not \`${text}\``);
}

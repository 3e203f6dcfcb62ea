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

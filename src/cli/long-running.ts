import { AppError } from '../errors/index.ts';
import type { OptionValues } from './command.ts';

/** For commands that go on until somebody interrupts them. */
export async function untilEnded(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

/** @throws AppError USAGE. */
export function wholeNumber(options: OptionValues, name: string, maximum: number): number {
  const text = options.text(name) ?? '';
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= maximum) return value;
  throw new AppError('USAGE', `--${name} wants a whole number up to ${maximum}, not \`${text}\``);
}

import { AppError, isAppError } from '../../errors/index.ts';

/** What an abort means: the reason where it is ours, else that the user interrupted. */
export function interrupted(signal: AbortSignal | undefined): AppError {
  const reason: unknown = signal?.reason;
  return isAppError(reason) ? reason : new AppError('CANCELED', 'solving was interrupted', { cause: reason });
}

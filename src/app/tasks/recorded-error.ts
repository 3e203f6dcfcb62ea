import { AppError, type ErrorCode, errorCodes } from '../../errors/index.ts';

/** What a record says of a failure, as it would have been thrown here. */
export function recordedError({ code, message, hint }: { code: string; message: string; hint?: string }): AppError {
  return new AppError(Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'HTTP_ERROR', message, { hint });
}

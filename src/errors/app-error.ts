import { type ErrorCode, errorCodes } from './codes.ts';
import { redact } from './redact.ts';

/** Machine-readable facts that go with an error (JSON values only). */
export type ErrorDetails = Record<string, unknown>;

export interface ErrorOptions {
  /** What the user can do about it: one or more sentences. */
  hint?: string;
  details?: ErrorDetails;
  cause?: unknown;
}

/**
 * An error that a user is meant to read. The message says what failed and on which name or path; the hint says what to do.
 * A programmer's error stays a plain `Error`.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

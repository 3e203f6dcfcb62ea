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
    this.details = options.details === undefined ? undefined : (redactAll(options.details) as ErrorDetails);
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/** Every text in a value of JSON: an answer with `--json` or over HTTP shows the details to the same people as the message. */
function redactAll(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redactAll);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactAll(each)]));
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/**
 * The one error type of the product, and the table of its codes.
 *
 * Purpose: whatever goes wrong reaches a user as code, message and hint; the code decides exit code and HTTP status.
 * Besides: what credentials look like, for all who must not show or keep them.
 * Invariants: every code stands in `codes.ts` once; no secret survives construction (see `redact`).
 */
export { AppError, type ErrorDetails, type ErrorOptions, isAppError } from './app-error.ts';
export { type ErrorCode, type ErrorCodeFacts, errorCodes, exitCodeOf } from './codes.ts';
export { findUserInfo, redact, stripUserInfo } from './redact.ts';
export { hasTokenShape, tokenShapes } from './token-shapes.ts';

import { AppError, exitCodeOf, isAppError, redact } from '../errors/index.ts';
import type { Style } from '../report/render/index.ts';

/** Any error as `{error: {code, message, hint, details}}`. */
export function toErrorData(error: unknown): {
  error: { code: string; message: string; hint?: string; details?: unknown };
} {
  if (isAppError(error)) {
    return { error: { code: error.code, message: error.message, hint: error.hint, details: error.details } };
  }
  return { error: { code: 'INTERNAL', message: redact(messageOf(error)) } };
}

export function errorText(error: unknown, style: Style): string {
  if (isAppError(error) && error.code !== 'INTERNAL') {
    const lines = [`${style.red('error:')} ${error.message}`];
    if (error.hint !== undefined) lines.push(`${style.cyan('hint:')} ${error.hint}`);
    return lines.join('\n');
  }
  const stack = error instanceof Error ? redact(deepStack(error)) : String(error);
  return [
    `${style.red('error:')} ${redact(messageOf(error))}`,
    `${style.cyan('hint:')} this is a defect in Terroir; please report it with the lines below`,
    style.dim(stack),
  ].join('\n');
}

/**
 * The exit code: the error's own, 70 for a defect. What failed before or around a script ends with 100 + that,
 * so that it cannot be taken for the script's.
 */
export function exitCodeFor(error: unknown, aroundScript: boolean): number {
  const code = error instanceof AppError ? error.exitCode : exitCodeOf('INTERNAL');
  return aroundScript && code !== 130 ? 100 + code : code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function deepStack(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by: ${deepStack(error.cause)}` : own;
}

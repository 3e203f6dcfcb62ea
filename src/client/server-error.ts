import { AppError, type ErrorCode, errorCodes } from '../errors/index.ts';
import type { HttpResponse } from '../io/index.ts';

export interface AnsweringServer {
  base: string;
  hasToken: boolean;
  tokenVariable?: string;
  /** Of this program. */
  version: string;
  /** Of the server's. */
  serverVersion: () => Promise<string | undefined>;
}

export interface Problem {
  code?: string;
  title?: string;
  hint?: string;
  details?: Record<string, unknown>;
}

/** A problem as the server described it; whatever else stands between answers without a code. */
export async function serverError(answer: HttpResponse, server: AnsweringServer): Promise<AppError> {
  const { status, headers } = answer;
  const problem = parse(await answer.text());
  const { code, title = '', details } = problem;
  if (code === 'UNAUTHORIZED') return new AppError(code, title, { hint: tokenHint(server), details });
  if (code === 'ROUTE_NOT_FOUND') return new AppError(code, title, { hint: await versionHint(server), details });
  if (code !== undefined) return problemError(problem);
  if (status < 400) return moved(server.base, headers.location);
  const refused = status === 401 ? 'UNAUTHORIZED' : status === 403 ? 'PERMISSION_DENIED' : undefined;
  return new AppError(refused ?? 'HTTP_ERROR', `${server.base} answered ${status}`, { hint: addressHint });
}

/** A problem as an error of ours. A newer server may have codes that this program does not know. */
export function problemError({ code = '', title = '', hint, details }: Problem): AppError {
  return isErrorCode(code)
    ? new AppError(code, title, { hint, details })
    : new AppError('HTTP_ERROR', title, { hint, details: { ...details, code } });
}

/** An answer of something else. */
export function notOurs(base: string): AppError {
  return new AppError('HTTP_ERROR', `what answers at ${base} is no Terroir server`, { hint: addressHint });
}

const addressHint = 'Is it the address of a Terroir server, without `/api/v1`?';

function moved(base: string, location: string | undefined): AppError {
  const to = location === undefined ? 'another address' : new URL(location, base).origin;
  return new AppError('HTTP_ERROR', `${base} sends us to ${to}`, { hint: 'Use the address that it names.' });
}

function tokenHint({ hasToken, tokenVariable = 'TERROIR_TOKEN' }: AnsweringServer): string {
  return hasToken
    ? `Put one that holds into ${tokenVariable}; an administrator makes it: \`terroir token create\`.`
    : `Put your token into ${tokenVariable}; an administrator makes one: \`terroir token create\`.`;
}

async function versionHint({ serverVersion, version }: AnsweringServer): Promise<string> {
  const theirs = await serverVersion().catch(() => undefined);
  if (theirs === undefined) return addressHint;
  return `The server runs Terroir ${theirs}, and this is ${version}: with the same version on both sides it knows the same calls.`;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

function parse(text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

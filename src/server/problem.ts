import type { FastifyError } from 'fastify';
import * as z from 'zod';
import { AppError, errorCodes, isAppError } from '../errors/index.ts';
import { describeIssues } from '../schema/index.ts';
import type * as rest from '../schema/rest/index.ts';

/** Any error as the one type that a user reads. What is nobody's mistake but ours becomes INTERNAL, and says nothing of the inside. */
export function toAppError(error: unknown): AppError {
  if (isAppError(error)) return withoutInside(error);
  if (error instanceof z.ZodError) return invalidRequest(error);
  const { code = '', message = '', statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AppError('TOO_LARGE', 'the body of the request is too large', { cause: error });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new AppError('UNSUPPORTED_MEDIA_TYPE', 'the body of the request is of a type that is not taken here', {
      hint: 'Send JSON, as `Content-Type: application/json`.',
      cause: error,
    });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new AppError('USAGE', message === '' ? 'the request cannot be understood' : message, { cause: error });
  return new AppError('INTERNAL', 'the server made a mistake', {
    hint: 'Its log has the details, under the id of the request.',
    cause: error,
  });
}

/** Where a server keeps its things is nobody's business: its log says that. */
function withoutInside(error: AppError): AppError {
  if (error.code === 'DISK_FULL')
    return new AppError('DISK_FULL', 'the disk of the server is full', {
      hint: 'Nothing half-written was kept. Whoever keeps the server has to free some space; then send it again.',
      cause: error,
    });
  if (error.code === 'UNREACHABLE' && error.details?.database === true)
    return new AppError('UNREACHABLE', 'the database of the server does not answer at the moment', {
      hint: 'Try again in a while: what was accepted before goes on.',
      cause: error,
    });
  return error;
}

function invalidRequest(error: z.ZodError): AppError {
  const { first, issues } = describeIssues(error);
  return new AppError('USAGE', `the request is not as it should be: ${first}`, {
    hint: 'See /api/v1/docs.',
    details: { issues },
    cause: error,
  });
}

/** Problem details for HTTP APIs (RFC 9457). */
export function toProblem(error: AppError, requestId: string): rest.Problem {
  return {
    type: 'about:blank',
    title: error.message,
    status: errorCodes[error.code].status,
    code: error.code,
    hint: error.hint,
    details: error.details,
    instance: requestId,
  };
}

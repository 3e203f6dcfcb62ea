import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorCodes } from '../../errors/index.ts';
import { toAppError } from '../problem.ts';

/** An error as Azure's resource manager answers it: `{error: {code, message, target, details, additionalInfo}}`. */
export function answerArmError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { code, message, hint, details, cause } = toAppError(error);
  const { status } = errorCodes[code];
  if (status >= 500) request.log.error({ err: cause ?? error }, message);
  if (reply.raw.destroyed) return;
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="terroir"');
  const additionalInfo = [
    { type: 'RequestId', info: { value: request.id } },
    ...(hint === undefined ? [] : [{ type: 'Hint', info: { value: hint } }]),
    ...(details === undefined ? [] : [{ type: 'Details', info: details }]),
  ];
  reply.code(status).send({ error: { code, message, target: null, details: [], additionalInfo } });
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, isAppError } from '../errors/index.ts';
import type { Role } from '../schema/index.ts';
import type { ServerContext } from './call-context.ts';
import { type Identity, mayAct, originOf } from './identity.ts';
import type { RateLimit } from './rate-limit.ts';

/**
 * Finds out who asks, and whether they may: before anything of the body is read.
 * @throws AppError UNAUTHORIZED, PERMISSION_DENIED, TOO_MANY_REQUESTS.
 */
export async function guard(
  context: ServerContext,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { role, action }: { role: Role; action: string },
): Promise<Identity> {
  const address = request.ip;
  refuseIfOver(reply, context.failures.wait(address), 'too many wrong tokens came from this address');
  const identity = await identify(context, request, address);
  refuseIfOver(reply, context.rate.take(identity.token ?? address), 'too many requests');
  if (mayAct(identity.role, role)) return identity;
  await context.workspace.audit.append({
    user: identity.user,
    origin: originOf(identity),
    action,
    subject: request.url.split('?')[0]?.slice(0, 1000) ?? '',
    outcome: 'PERMISSION_DENIED',
  });
  throw new AppError('PERMISSION_DENIED', `this wants the role ${role}, and the token has the role ${identity.role}`, {
    hint: 'Ask an administrator for a token with that role.',
    details: { role: identity.role, wanted: role },
  });
}

async function identify(context: ServerContext, request: FastifyRequest, address: string): Promise<Identity> {
  try {
    return await context.authenticate({ method: request.method, headers: request.headers, address });
  } catch (error) {
    if (isAppError(error, 'UNAUTHORIZED') && request.headers.authorization !== undefined) {
      context.failures.take(address);
      request.log.warn({ address }, 'a wrong token');
    }
    throw error;
  }
}

function refuseIfOver(reply: FastifyReply, seconds: ReturnType<RateLimit['take']>, what: string): void {
  if (seconds === 0) return;
  reply.header('retry-after', String(seconds));
  throw new AppError('TOO_MANY_REQUESTS', what, { hint: `Come again in ${seconds} s.` });
}

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, errorCodes, isAppError } from '../errors/index.ts';
import { appFor, type ServerContext } from './call-context.ts';
import { isKnown } from './etag.ts';
import { guard } from './guard.ts';
import type { Identity } from './identity.ts';
import { toAppError, toProblem } from './problem.ts';
import type { Answer, Route } from './route.ts';

const anonymous = { user: 'anyone', role: 'reader', token: null } as const;

/** Mounts routes below a prefix. Who asks is known before the body is read; what goes wrong is answered as problem details. */
export function mountRoutes(
  server: FastifyInstance,
  context: ServerContext,
  { prefix, routes }: { prefix: string; routes: readonly Route[] },
): void {
  const identities = new WeakMap<FastifyRequest, Identity>();
  for (const route of routes) {
    server.route({
      method: route.method,
      url: `${prefix}${route.path}`,
      onRequest: async (request, reply) => {
        const identity: Identity =
          route.role === 'anyone'
            ? { ...anonymous, address: request.ip }
            : await guard(context, { request, reply }, { role: route.role, action: route.id });
        identities.set(request, identity);
      },
      handler: async (request, reply) => {
        const identity = identities.get(request);
        if (identity === undefined) throw new Error('a request that nobody let in');
        const answer = await answerOf(context, route, { request, reply, identity });
        return send(request, reply, answer);
      },
    });
  }
}

async function answerOf(
  context: ServerContext,
  route: Route,
  { request, reply, identity }: { request: FastifyRequest; reply: FastifyReply; identity: Identity },
): Promise<Answer> {
  const query = route.query?.parse(request.query);
  const body = readBody(route, request.body);
  try {
    return await route.handle({
      app: appFor(context, { request, reply, identity }),
      identity,
      params: checkParams(request.params as Record<string, string>),
      query,
      body,
      request,
      reply,
    });
  } catch (error) {
    throw isAppError(error) ? fromInside(error) : error;
  }
}

function readBody(route: Route, body: unknown): unknown {
  if (route.body === undefined || route.rawBody !== undefined) return undefined;
  if (body === undefined || body === null) return route.body.parse(route.optionalBody === true ? {} : undefined);
  return route.body.parse(body);
}

function checkParams(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (Object.values(params).some((value) => value.includes('\0')))
    throw new AppError('USAGE', 'an address must not hold a NUL character');
  return params;
}

/** An index that refuses the server, or a folder that the server may not write, is not about who asked. */
function fromInside(error: AppError): AppError {
  if (error.code !== 'UNAUTHORIZED' && error.code !== 'PERMISSION_DENIED') return error;
  if (error.details?.wanted !== undefined || error.details?.login !== undefined) return error;
  return new AppError('UNREACHABLE', error.message, { hint: error.hint, cause: error });
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  const { status = 200, headers = {}, body, sent } = answer;
  if (sent === true) return reply;
  const { etag } = headers;
  if (request.method === 'GET' && etag !== undefined && isKnown(request.headers['if-none-match'], etag)) {
    if (body instanceof Readable) body.destroy();
    return reply.code(304).header('etag', etag).send();
  }
  return reply.code(status).headers(headers).send(body);
}

/** The one place where an error becomes an answer of the API. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const readable = toAppError(error);
  const { status } = errorCodes[readable.code];
  if (status >= 500) request.log.error({ err: readable.cause ?? readable }, readable.message);
  else request.log.info({ code: readable.code }, readable.message);
  // The client has gone: nobody reads an answer.
  if (reply.raw.destroyed) return;
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="terroir", Basic realm="terroir"');
  reply.code(status).header('content-type', 'application/problem+json').send(toProblem(readable, request.id));
}

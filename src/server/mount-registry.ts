import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, isAppError } from '../errors/index.ts';
import { type Access, type Authorize, createRegistryHandler, type Registry } from '../registry/index.ts';
import type { Role } from '../schema/index.ts';
import type { ServerContext } from './call-context.ts';
import { guard } from './guard.ts';
import { type Identity, originOf } from './identity.ts';

const roleFor = { pull: 'reader', push: 'contributor', delete: 'admin' } as const satisfies Record<
  Access['action'],
  Role
>;

/** What clients do to whom they get no token from: they send what `docker login` was told. */
const challenge = 'Basic realm="terroir"';

interface Exchange {
  request: FastifyRequest;
  reply: FastifyReply;
}

/** The workspace's registry below `/v2`: the same tokens and roles as the API; who pulled, pushed and deleted what is on record. */
export function mountRegistry(server: FastifyInstance, context: ServerContext, registry: Registry): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  for (const url of ['/v2', '/v2/*']) {
    server.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      config: { readsBody: true },
      handler: async (request, reply) => {
        reply.hijack();
        await answer(context, registry, { request, reply });
      },
    });
  }
}

async function answer(context: ServerContext, registry: Registry, exchange: Exchange): Promise<void> {
  const { request, reply } = exchange;
  const found: { identity?: Identity } = {};
  const handle = createRegistryHandler({
    registry,
    largestUpload: context.limits.upload,
    authorize: createAuthorize(context, exchange, (identity) => {
      found.identity = identity;
    }),
    onFailure: (error) => request.log.error({ err: error }, 'the registry failed'),
  });
  reply.raw.setHeader('x-request-id', request.id);
  giveUpOnSilence(request.raw, reply.raw, context.limits.patience);
  await handle(request.raw, reply.raw);
  if (found.identity !== undefined && reply.raw.statusCode < 300) await record(context, found.identity, request);
}

/** The guard of all routes, told in the registry's words. */
function createAuthorize(
  context: ServerContext,
  exchange: Exchange,
  onIdentity: (identity: Identity) => void,
): Authorize {
  return async (_request, { action }) => {
    try {
      onIdentity(await guard(context, exchange, { role: roleFor[action], action: `registry.${action}` }));
      return 'granted';
    } catch (error) {
      if (isAppError(error, 'UNAUTHORIZED')) return { challenge };
      if (isAppError(error, 'PERMISSION_DENIED')) return 'denied';
      if (isAppError(error, 'TOO_MANY_REQUESTS')) throw tooMany(exchange.reply, error);
      throw error;
    }
  };
}

function tooMany(reply: FastifyReply, error: AppError): AppError {
  const after = reply.getHeader('retry-after');
  if (after !== undefined) reply.raw.setHeader('retry-after', after);
  return new AppError('TOO_MANY_REQUESTS', error.message, {
    details: { oci: 'TOOMANYREQUESTS', status: 429 },
    cause: error,
  });
}

const reason = JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'the rest of the request did not come' }] });
const tooSlow = `HTTP/1.1 408 Refused\r\ncontent-type: application/json\r\ncontent-length: ${reason.length}\r\nconnection: close\r\n\r\n${reason}`;

/** An upload that stops coming, and an answer that nobody takes; but not while we ourselves are busy. */
function giveUpOnSilence(request: IncomingMessage, response: ServerResponse, patience: number): void {
  const { socket } = request;
  const giveUp = (): void => {
    if (!socket.writable) return;
    if (response.headersSent) socket.destroy();
    else if (!request.complete) socket.end(tooSlow, () => socket.destroy());
  };
  // Node ends a connection by itself unless somebody listens here.
  request.on('timeout', giveUp);
  response.on('timeout', giveUp);
  socket.setTimeout(patience);
  response.once('close', () => socket.setTimeout(0));
}

/** What counts as one deed: a manifest that goes out, comes in or goes away, and a blob that goes away. */
async function record(
  { workspace }: ServerContext,
  identity: Identity,
  { method, url }: FastifyRequest,
): Promise<void> {
  const [, name, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/.exec(url) ?? [];
  if (name === undefined || kind === undefined || reference === undefined) return;
  const action = { GET: 'pull', PUT: 'push', DELETE: 'delete' }[method];
  if (action === undefined || (kind === 'blobs' && action !== 'delete')) return;
  const item = decodeURIComponent(reference);
  await workspace.audit.append({
    user: identity.user,
    origin: originOf(identity),
    action: `registry.${action}`,
    subject: `${decodeURIComponent(name)}${item.includes(':') ? '@' : ':'}${item}`,
    outcome: 'done',
  });
}

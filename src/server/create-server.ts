import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, redact } from '../errors/index.ts';
import { answerArmError } from './arm/error.ts';
import type { ServerContext } from './call-context.ts';
import { answerProblem } from './mount-routes.ts';

export interface TlsFiles {
  /** PEM. */
  cert: Buffer;
  key: Buffer;
}

export interface CreateOptions {
  tls?: TlsFiles;
  /** Lines of JSON. */
  log: { write(line: string): void };
  logLevel: string;
}

/** The HTTP server without any route: limits, log, request ids, headers, errors. */
export async function createHttpServer(context: ServerContext, options: CreateOptions): Promise<FastifyInstance> {
  const { fastify, LogController } = await import('./fastify.ts');
  const { limits } = context;
  const server = fastify({
    logger: { level: options.logLevel, stream: options.log, base: undefined, serializers: { req: describeRequest } },
    genReqId: requestId,
    // Each answer is one line, not two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.body,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    frameworkErrors: answerInTheirWords,
    clientErrorHandler: (error, socket) => {
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
      socket.end(rawAnswer(status, `the request cannot be understood: ${error.message}`));
    },
    ...(options.tls === undefined
      ? { http: httpOptions }
      : { https: { ...httpOptions, ...options.tls, minVersion: 'TLSv1.2' } }),
  }) as unknown as FastifyInstance;
  // Waiting for a request's head is Node's; how long a body may take depends on what it is, so that is ours.
  server.server.headersTimeout = limits.headers;
  server.server.requestTimeout = 0;
  server.server.maxConnections = limits.connections;
  addParsers(server);
  addHooks(server, context);
  server.setErrorHandler(answerProblem);
  server.setNotFoundHandler((request, reply) => {
    const error = new AppError('ROUTE_NOT_FOUND', `there is nothing at ${request.method} ${pathOf(request)}`, {
      hint: 'The API is described at /api/v1/docs.',
    });
    answerInTheirWords(error, request, reply);
  });
  return server;
}

/** What goes wrong before there is a route: Azure's clients show no other error than in their own envelope. */
function answerInTheirWords(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = request.url.startsWith('/subscriptions/') ? answerArmError : answerProblem;
  answer(error, request, reply);
}

const httpOptions = { maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 1000 } as const;

function addParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'string' },
    (request, body: string, done) => {
      if (body.trim() === '') done(null, undefined);
      else void parse(request, body, done);
    },
  );
}

function addHooks(server: FastifyInstance, context: ServerContext): void {
  const { limits, metrics } = context;
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    reply.raw.once('finish', () => endUnread(request.raw, limits.patience));
  });
  server.addHook('preParsing', async (request, reply) => {
    // A handler that reads the body by itself has its own patience.
    if (request.routeOptions.config.readsBody === true) return;
    const timer = setTimeout(() => {
      if (!reply.raw.headersSent) request.raw.socket.write(rawAnswer(408, 'the body of the request did not come'));
      request.raw.destroy();
    }, limits.patience);
    timers.set(request, timer);
  });
  server.addHook('preHandler', async (request) => clearTimeout(timers.get(request)));
  server.addHook('onResponse', async (request, reply) => {
    clearTimeout(timers.get(request));
    const route = request.routeOptions.url ?? 'none';
    const { method } = request;
    metrics.request({ method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
    request.log.info({ req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
  });
}

/** A refusal may come before the body that nobody reads: its sender gets to see it, and then no more time than others have. */
function endUnread(request: IncomingMessage, patience: number): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), patience);
  for (const event of ['end', 'close'] as const) request.once(event, () => clearTimeout(timer));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler reads the body by itself. */
    readsBody?: boolean;
  }
}

/** The caller's own id if it is one, so that both logs can be laid side by side. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}

/** No headers: they hold the token. */
function describeRequest(request: FastifyRequest): Record<string, string> {
  return { method: request.method, url: redact(request.url), address: request.ip };
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 200);
}

/** Where there is no request that could be answered: the connection ends with it. */
function rawAnswer(status: number, title: string): string {
  const body = JSON.stringify({ type: 'about:blank', title, status, code: 'USAGE' });
  return [
    `HTTP/1.1 ${status} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { registryError, toOciFailure } from '../registry-error.ts';
import type { Registry } from '../store/registry.ts';
import { type Answer, type Call, jsonAnswer } from './call.ts';
import { type Action, matchRoute } from './routes.ts';
import { writeAnswer } from './write-answer.ts';

export interface Access {
  /** Undefined: the registry as a whole. */
  repository: string | undefined;
  action: Action;
}

/** Decides what a client may do. A challenge is what it needs to know to come back with credentials (the value of `WWW-Authenticate`). */
export type Authorize = (
  request: IncomingMessage,
  access: Access,
) => Promise<'granted' | 'denied' | { challenge: string }>;

export interface HandlerOptions {
  registry: Registry;
  /** Without it everybody may do everything: for loopback. */
  authorize?: Authorize;
  /** So many bytes may an upload have; any number if not given. */
  largestUpload?: number;
  /** Gets what went wrong on our side; the client only hears that something did. */
  onFailure?: (error: unknown, request: { method: string; path: string }) => void;
}

export type RegistryHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Serves everything below `/v2` (OCI distribution specification 1.1). For `node:http`, and for whatever passes on its requests and responses untouched:
 * nobody else may read the body.
 */
export function createRegistryHandler(options: HandlerOptions): RegistryHandler {
  return async (request, response) => {
    const answer = await answerTo(request, options);
    await writeAnswer(request, response, answer);
  };
}

async function answerTo(request: IncomingMessage, options: HandlerOptions): Promise<Answer> {
  try {
    return await handle(request, options);
  } catch (error) {
    const { status, challenge, errors } = toOciFailure(error);
    if (status >= 500 && !request.destroyed) {
      options.onFailure?.(error, { method: request.method ?? '', path: request.url ?? '' });
    }
    return jsonAnswer(status, { errors }, challenge === undefined ? {} : { 'www-authenticate': challenge });
  }
}

async function handle(
  request: IncomingMessage,
  { registry, authorize, largestUpload }: HandlerOptions,
): Promise<Answer> {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const match = matchRoute(decode(mark === -1 ? url : url.slice(0, mark)));
  if (match === undefined) throw registryError('NAME_UNKNOWN', 'there is nothing of this name in a registry');
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const route = Object.hasOwn(match.methods, method) ? match.methods[method] : undefined;
  if (route === undefined) throw registryError('UNSUPPORTED', `\`${request.method}\` cannot be done with this`);

  const may = async (access: Access): Promise<boolean> =>
    authorize === undefined || (await authorize(request, access)) === 'granted';
  await authorizeOrThrow(request, { repository: match.name, action: route.action }, authorize);
  const call: Call = {
    registry,
    get repository() {
      return registry.repository(match.name ?? '');
    },
    item: match.item,
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers: request.headers,
    isHead: request.method === 'HEAD',
    body: {
      // Whoever stops reading still wants to answer.
      pieces: request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
      stop: () => request.destroy(),
      length: bodyLength(request),
      largest: largestUpload,
    },
    mayRead: async (repository) => await may({ repository, action: 'pull' }),
  };
  return await route.handle(call);
}

async function authorizeOrThrow(
  request: IncomingMessage,
  access: Access,
  authorize: Authorize | undefined,
): Promise<void> {
  if (authorize === undefined) return;
  const verdict = await authorize(request, access);
  if (verdict === 'granted') return;
  if (verdict === 'denied') throw registryError('DENIED', 'this is not permitted', { detail: access });
  throw registryError('UNAUTHORIZED', 'credentials are needed', { detail: access, challenge: verdict.challenge });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw registryError('NAME_INVALID', 'the address is not well-formed', { cause: error });
  }
}

function bodyLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length);
  return headers['transfer-encoding'] === undefined ? 0 : undefined;
}

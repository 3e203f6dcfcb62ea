import { AppError, isAppError } from '../../errors/index.ts';
import { type Http, type HttpResponse, retryDelay, sleep, transientStatuses } from '../../io/index.ts';
import { createAuthorizer, type Party } from './authorizer.ts';
import type { FindCredentials } from './docker-credentials.ts';
import { discard, failureOf } from './failure.ts';

export interface TransportOptions {
  http: Http;
  findCredentials: FindCredentials;
  /** Hosts (with port, as in references) that may be talked to without encryption. Loopback always may. */
  insecure?: readonly string[];
  /** How often a request is repeated that a later try may change; 3 if not given. */
  retries?: number;
  /** Where a registry of that name really is: another host, or a whole address. */
  hosts?: Readonly<Record<string, string>>;
}

export interface RegistryRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/v2/<repository>/`, or a `Location` that the registry gave. */
  path: string;
  headers?: Record<string, string>;
  /** Asked for anew at every try. */
  body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** Statuses that are answers; any other one is an error. */
  expect: readonly number[];
  /** What is asked for, as a person would name it. */
  what: string;
  signal?: AbortSignal;
  /** False where a repetition has to begin elsewhere. */
  repeat?: boolean;
  /** Milliseconds until the answer has to begin. */
  timeout?: number;
}

export interface Place {
  registry: string;
  repository: string;
  /** What the token has to be good for. */
  scope: string;
}

/** Requests to registries: finds out how to talk to them, authenticates, follows redirects, repeats what may pass. */
export interface Transport {
  /** @throws AppError UNREACHABLE, UNAUTHORIZED, PERMISSION_DENIED, IMAGE_NOT_FOUND, HTTP_ERROR, CANCELED, OFFLINE. */
  send: (place: Place, request: RegistryRequest) => Promise<HttpResponse>;
}

const maximumRedirects = 5;
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;
/** Docker's own registry is somewhere else than its name says. */
const wellKnown: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

export function createTransport(options: TransportOptions): Transport {
  const { http, retries = 3 } = options;
  const authorizer = createAuthorizer(http);
  const bases = new Map<string, Promise<string>>();

  const baseOf = async (registry: string): Promise<string> => {
    const known = bases.get(registry) ?? findBase(registry, options);
    bases.set(registry, known);
    try {
      return await known;
    } catch (error) {
      bases.delete(registry);
      throw error;
    }
  };

  const attempt = async (party: Party, place: Place, request: RegistryRequest): Promise<HttpResponse> => {
    const url = new URL(request.path, `${party.base}/v2/${place.repository === '' ? '' : `${place.repository}/`}`);
    const first = await sendOnce(options, { url, party, request, authorization: authorizer.known(party, place.scope) });
    const challenge = first.status === 401 ? first.headers['www-authenticate'] : undefined;
    if (challenge === undefined) return first;
    const authorization = await authorizer.answer(party, { header: challenge, scope: place.scope });
    if (authorization === undefined) return first;
    await discard(first);
    return await sendOnce(options, { url, party, request, authorization });
  };

  const send: Transport['send'] = async (place, request) => {
    const { registry, repository } = place;
    for (let tries = 0; ; tries += 1) {
      try {
        const base = await baseOf(registry);
        const { credentials, problem } = await options.findCredentials(registry, repository);
        const response = await attempt({ registry, base, credentials, problem }, place, request);
        if (request.expect.includes(response.status)) return response;
        const mayPass = transientStatuses.has(response.status) && request.repeat !== false && tries < retries;
        if (!mayPass) throw await failureOf(response, { what: request.what, registry, problem });
        await discard(response);
        await sleep(retryDelay(tries, response.headers['retry-after']), request.signal);
      } catch (error) {
        if (request.signal?.aborted === true) throw canceled(request);
        if (isInTheOpen(error)) throw plainRegistry(registry, error);
        if (!isBrokenLine(error) || request.repeat === false || tries >= retries) throw error;
        await sleep(retryDelay(tries), request.signal).catch(() => undefined);
      }
    }
  };

  return { send };
}

interface Once {
  url: URL;
  party: Party;
  request: RegistryRequest;
  authorization: string | undefined;
}

/** One request, and wherever it is sent on to: what is meant for one server is not told to another. */
async function sendOnce(
  { http }: TransportOptions,
  { url, party, request, authorization }: Once,
): Promise<HttpResponse> {
  const { method = 'GET', headers = {}, body, signal, timeout } = request;
  const home = new URL(party.base).origin;
  for (let target = url, redirects = 0; ; redirects += 1) {
    const response = await http.send(target.href, {
      method,
      headers: {
        'accept-encoding': 'identity',
        ...headers,
        ...(authorization !== undefined && target.origin === home ? { authorization } : {}),
      },
      body: body?.(),
      signal,
      timeout,
    });
    const { location } = response.headers;
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== undefined;
    if (!isRedirect || !(method === 'GET' || method === 'HEAD') || !URL.canParse(location, target.href)) {
      return response;
    }
    if (redirects === maximumRedirects) return response;
    const next = new URL(location, target);
    if (target.protocol === 'https:' && next.protocol !== 'https:') return response;
    await discard(response);
    target = next;
  }
}

/** Encrypted, and only where that is allowed and does not work in the open. */
async function findBase(registry: string, { http, insecure = [], hosts = {} }: TransportOptions): Promise<string> {
  const host = hosts[registry] ?? wellKnown[registry] ?? registry;
  if (/^https?:\/\//.test(host)) return host.replace(/\/+$/, '');
  const mayBeOpen = insecure.includes(registry) || loopback.test(host);
  if (!mayBeOpen) return `https://${host}`;
  try {
    await discard(await http.send(`https://${host}/v2/`, { method: 'GET', timeout: 15_000 }));
    return `https://${host}`;
  } catch (error) {
    if (!isBrokenLine(error)) throw error;
  }
  return `http://${host}`;
}

/**
 * Nobody answered, or not to the end. Whoever shows a certificate that is not trusted did answer: to ask again is of no use, and to go on in the open
 * would be what an attacker wants.
 */
function isBrokenLine(error: unknown): boolean {
  return isAppError(error, 'UNREACHABLE') && typeof error.details?.code === 'string';
}

function isInTheOpen(error: unknown): boolean {
  return isBrokenLine(error) && isAppError(error) && error.details?.code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

function plainRegistry(registry: string, cause: unknown): AppError {
  return new AppError('UNREACHABLE', `the registry \`${registry}\` does not speak https`, {
    hint: `If it may be trusted in the open, name it in TERROIR_INSECURE_REGISTRIES (\`${registry}\`).`,
    cause,
  });
}

function canceled({ what, signal }: RegistryRequest): AppError {
  const reason: unknown = signal?.reason;
  return isAppError(reason)
    ? reason
    : new AppError('CANCELED', `asking for ${what} was interrupted`, { cause: reason });
}

import { createHttp, type HttpResponse, type SendOptions } from '../io/index.ts';
import { notOurs, serverError } from './server-error.ts';

export interface ApiRequest {
  method?: string;
  /** Below `/api/v1`, with a slash in front. */
  path: string;
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  body?: unknown;
  /** Instead of `body`, as it is. */
  bytes?: SendOptions['body'];
  headers?: Record<string, string>;
  /** Instead of the client's: for what has to be said after the user has interrupted. */
  signal?: AbortSignal;
  /** The answer comes when the work is done, however long it takes. */
  waits?: boolean;
}

export interface ApiClientOptions {
  token?: string;
  /** Where the user has it, for messages. */
  tokenVariable?: string;
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
  offline?: boolean;
  /** Of Terroir itself, to compare with the server's. */
  version: string;
}

/** A server's `/api/v1`. What it answers is trusted to be what its description says. */
export interface ApiClient {
  /** The server's address, without user info. */
  url: string;
  /** @throws AppError with the code that the server gave. */
  send: (request: ApiRequest) => Promise<HttpResponse>;
  json: <T>(request: ApiRequest) => Promise<T>;
  /** What an answer holds. @throws AppError HTTP_ERROR if it is not one of ours. */
  read: <T>(answer: HttpResponse) => Promise<T>;
  /** What runs there: "0.1.0"; undefined if it does not say. */
  serverVersion: () => Promise<string | undefined>;
  close: () => Promise<void>;
}

export function createApiClient(place: string, options: ApiClientOptions): ApiClient {
  const { env, offline, version, token, tokenVariable } = options;
  const base = place.replace(/^(https?:\/\/)(?:[^/@]*@)?(.*?)\/*$/i, '$1$2');
  const http = createHttp({ env, offline });
  const serverVersion = async (): Promise<string | undefined> => {
    const answer = await http.send(`${base}/healthz`, { method: 'GET', signal: options.signal });
    return /^ok terroir (\S+)/.exec(await answer.text())?.[1];
  };
  const send = async (request: ApiRequest): Promise<HttpResponse> => {
    const { method = 'GET', path, query = {}, body, bytes, headers, signal = options.signal, waits = false } = request;
    const search = searchOf(query);
    const answer = await http.send(`${base}/api/v1${path}${search === '' ? '' : `?${search}`}`, {
      method,
      signal,
      timeout: waits ? 0 : undefined,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? bytes : Buffer.from(JSON.stringify(body)),
    });
    if (answer.status < 300) return answer;
    throw await serverError(answer, { base, hasToken: token !== undefined, tokenVariable, version, serverVersion });
  };
  const read = async <T>({ headers, text }: HttpResponse): Promise<T> => {
    if (!/^application\/json\b/.test(headers['content-type'] ?? '')) throw notOurs(base);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows the route
    return JSON.parse(await text()) as T;
  };
  return {
    url: base,
    send,
    read,
    json: async <T>(request: ApiRequest) => await read<T>(await send(request)),
    serverVersion,
    close: http.close,
  };
}

/** `https://ann:TOKEN@terroir.example`: the password is the token, as in a registry. */
export function passwordOf(place: string): string | undefined {
  const password = /^https?:\/\/[^/@:]*:([^/@]+)@/i.exec(place)?.[1];
  return password === undefined ? undefined : decodeURIComponent(password);
}

function searchOf(query: NonNullable<ApiRequest['query']>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const each of value) search.append(name, each);
    else search.append(name, String(value));
  }
  return search.toString();
}

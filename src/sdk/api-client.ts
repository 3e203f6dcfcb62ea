import { AppError, type ErrorCode, errorCodes } from '../errors/index.ts';
import { createHttp, type HttpResponse, type SendOptions } from '../io/index.ts';

export interface ApiRequest {
  method?: string;
  /** Below `/api/v1`, with a slash in front. */
  path: string;
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  body?: unknown;
  /** Instead of `body`, as it is. */
  bytes?: SendOptions['body'];
  headers?: Record<string, string>;
}

/** A server's `/api/v1`. What it answers is trusted to be what its description says. */
export interface ApiClient {
  /** @throws AppError with the code that the server gave. */
  send: (request: ApiRequest) => Promise<HttpResponse>;
  json: <T>(request: ApiRequest) => Promise<T>;
  close: () => Promise<void>;
}

export function createApiClient(
  url: string,
  { token, env, signal }: { token?: string; env: Record<string, string | undefined>; signal?: AbortSignal },
): ApiClient {
  const base = url.replace(/\/+$/, '');
  const http = createHttp({ env });
  const send = async ({
    method = 'GET',
    path,
    query = {},
    body,
    bytes,
    headers,
  }: ApiRequest): Promise<HttpResponse> => {
    const search = searchOf(query);
    const answer = await http.send(`${base}/api/v1${path}${search === '' ? '' : `?${search}`}`, {
      method,
      signal,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? bytes : Buffer.from(JSON.stringify(body)),
    });
    if (answer.status < 400) return answer;
    throw await toError(answer, base);
  };
  return {
    send,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows the route
    json: async <T>(request: ApiRequest) => JSON.parse(await (await send(request)).text()) as T,
    close: http.close,
  };
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

/** A problem as the server described it; whatever else stands between answers without a code. */
async function toError(answer: HttpResponse, base: string): Promise<AppError> {
  const text = await answer.text();
  const problem = parse(text);
  if (problem?.code !== undefined && problem.code in errorCodes) {
    return new AppError(problem.code as ErrorCode, problem.title ?? '', {
      hint: problem.hint,
      details: problem.details,
    });
  }
  return new AppError('HTTP_ERROR', `${base} answered ${answer.status}`, {
    hint: 'Is it the address of a Terroir server, without `/api/v1`?',
  });
}

function parse(
  text: string,
): { code?: string; title?: string; hint?: string; details?: Record<string, unknown> } | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

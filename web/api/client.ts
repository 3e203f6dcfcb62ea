import { lostServer, sawServer } from './connection.ts';
import { sessionToken, wantLogIn } from './session.ts';
import type { Problem } from './types.ts';

/** What the server answered instead: a problem of the API, or `UNREACHABLE` where no answer came. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export interface CallOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Answers JSON of the API, with the answer's validator. @throws ApiError. */
export async function callWithTag<T>(
  path: string,
  { method = 'GET', body, headers, signal }: CallOptions = {},
): Promise<{ data: T; etag: string | null }> {
  const answer = await send(path, {
    method,
    signal,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { data: (await answer.json()) as T, etag: answer.headers.get('etag') };
}

export async function call<T>(path: string, options?: CallOptions): Promise<T> {
  return (await callWithTag<T>(path, options)).data;
}

/** The answer itself, once it is a good one. @throws ApiError. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  const token = sessionToken();
  const headers = {
    ...(init.headers as Record<string, string>),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, { ...init, headers, redirect: 'error' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    lostServer();
    throw new ApiError({
      type: 'about:blank',
      title: 'the server does not answer',
      status: 0,
      code: 'UNREACHABLE',
      hint: 'The studio goes on as soon as it is back.',
    });
  }
  sawServer();
  if (answer.ok) return answer;
  const problem = await readProblem(answer);
  if (answer.status === 401) wantLogIn(token, loginOf(problem));
  throw new ApiError(problem);
}

async function readProblem(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Partial<Problem>;
    if (typeof body.title === 'string')
      return { type: 'about:blank', status: answer.status, code: 'INTERNAL', ...body } as Problem;
  } catch {
    // A proxy's page, say: the status has to do.
  }
  return {
    type: 'about:blank',
    title: `the server answered ${answer.status}`,
    status: answer.status,
    code: 'INTERNAL',
  };
}

/** Only an address of this server: nobody is led elsewhere to type a password. */
function loginOf({ details }: Problem): string | undefined {
  const login = details?.login;
  return typeof login === 'string' && /^\/(?!\/)/.test(login) ? login : undefined;
}

/** `/environments/a%20b/versions/1`. */
export function versionPath(name: string, version: string): string {
  return `/environments/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
}

export function queryText(
  values: Readonly<Record<string, string | number | readonly string[] | undefined | null>>,
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === '') continue;
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [String(value)]) query.append(key, each);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

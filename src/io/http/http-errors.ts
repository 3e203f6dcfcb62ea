import { AppError, isAppError, redact, stripUserInfo } from '../../errors/index.ts';
import type { HttpResponse } from './http.ts';

/** What an answer that is no success means for the user. */
export async function statusError(url: string, response: HttpResponse): Promise<AppError> {
  const shown = redact(stripUserInfo(url));
  const details = { url: shown, status: response.status };
  await response.bytes().catch(() => undefined);
  if (response.status === 401 || response.status === 403 || response.status === 407) {
    return new AppError(
      'UNAUTHORIZED',
      `\`${shown}\` refuses: ${response.status === 401 ? 'it wants credentials, or other ones' : `status ${response.status}`}`,
      {
        hint: 'Put user and password into `~/.netrc` (machine HOST login USER password TOKEN), or into the index URL of pip’s configuration.',
        details,
      },
    );
  }
  return new AppError('HTTP_ERROR', `\`${shown}\` answers with status ${response.status}`, {
    hint:
      response.status === 404 || response.status === 410
        ? 'It is not there (any more).'
        : 'The server has a problem; try again later.',
    details,
  });
}

/** What an abort means: the reason where it is ours, else that the user interrupted. */
export function canceled(url: string, signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  return isAppError(reason)
    ? reason
    : new AppError('CANCELED', `fetching \`${stripUserInfo(url)}\` was interrupted`, { cause: reason });
}

/** What a connection that failed means for the user. */
export function connectionError(url: string, error: unknown, env: Record<string, string | undefined>): AppError {
  const shown = redact(stripUserInfo(url));
  const code = codeOf(error);
  const proxy = env.HTTPS_PROXY ?? env.https_proxy ?? env.HTTP_PROXY ?? env.http_proxy;
  if (code.includes('CERT') || code.includes('SIGNATURE') || code.includes('ISSUER')) {
    return new AppError('UNREACHABLE', `the certificate of \`${shown}\` is not trusted (${code})`, {
      hint: 'If your company has a certificate authority of its own, name its file in SSL_CERT_FILE.',
      cause: error,
    });
  }
  const why = reasons[code] ?? (error instanceof Error ? error.message : code);
  return new AppError('UNREACHABLE', `\`${shown}\` cannot be reached: ${why}`, {
    hint: proxy
      ? `The proxy \`${stripUserInfo(proxy)}\` is used (HTTPS_PROXY); is it right?`
      : 'Check the address and the connection; behind a proxy, set HTTPS_PROXY.',
    cause: error,
    details: { url: shown, code },
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the server is not known',
  EAI_AGAIN: 'the name of the server is not known',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there does not speak https',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it stopped sending',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection broke',
};

function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    if (current instanceof AggregateError) return codeOf(current.errors[0]);
  }
  return 'unknown';
}

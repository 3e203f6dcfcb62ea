import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors/index.ts';
import type { Workspace } from '../workspace/index.ts';
import type { Identity } from './identity.ts';
import type { Login } from './login/login.ts';

/** What of a request tells who asks. */
export interface Credentials {
  method: string;
  headers: IncomingHttpHeaders;
  /** The address that it came from. */
  address: string;
}

/** Answers who asks. @throws AppError UNAUTHORIZED, or PERMISSION_DENIED for a page of another site. */
export type Authenticate = (request: Credentials) => Promise<Identity>;

/**
 * Tokens as `Bearer`, and as the password of `Basic` whatever the user, so that `docker login` works. Without any token in the workspace, whoever
 * comes over loopback is the local user, with all rights; but not a page in their browser that was loaded from elsewhere. Where people can log in, their
 * browser's session counts when there is no token, and nobody is the local user.
 */
export function createAuthenticate(
  workspace: Workspace,
  { localUser, login }: { localUser: string; login?: Login },
): Authenticate {
  return async ({ method, headers, address }) => {
    const text = readToken(headers.authorization);
    if (text === undefined && login !== undefined) return authenticateSession(login, { method, headers, address });
    if (text === undefined) return await authenticateLocal(workspace, { headers, address }, localUser);
    const token = await workspace.tokens.find(text);
    if (token === undefined) {
      throw new AppError('UNAUTHORIZED', 'the token does not hold: it is wrong, has expired or was revoked', {
        hint: 'Ask an administrator for a new one: `terroir token create`.',
        ...(login === undefined ? {} : { details: { login: '/auth/login' } }),
      });
    }
    return { user: token.user, role: token.role, token: token.id, address };
  };
}

function readToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization === '') return undefined;
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8')) ?? [];
  return password;
}

function authenticateSession(login: Login, { method, headers, address }: Credentials): Identity {
  const session = login.sessionOf(headers);
  if (session === undefined) {
    throw new AppError('UNAUTHORIZED', 'this server wants a token, or that you log in', {
      hint: 'Open /auth/login in a browser, or send a token in the header `Authorization`, behind the word `Bearer`.',
      details: { login: '/auth/login' },
    });
  }
  if (method !== 'GET' && method !== 'HEAD' && !isSameSite(headers)) {
    throw new AppError('PERMISSION_DENIED', 'a page of another site may not use your session', {
      hint: 'Programs send a token: `terroir token create`.',
    });
  }
  return { ...session, token: null, session: true, address };
}

async function authenticateLocal(
  workspace: Workspace,
  { headers, address }: Omit<Credentials, 'method'>,
  localUser: string,
): Promise<Identity> {
  // Not "holding": a server must not open up by itself because its last token has expired.
  if (!isLoopback(address) || (await workspace.tokens.state()).made) {
    throw new AppError('UNAUTHORIZED', 'this server wants a token', {
      hint: 'An administrator makes one: `terroir token create`. It goes into the header `Authorization`, behind the word `Bearer`.',
    });
  }
  if (!isFromHere(headers)) {
    throw new AppError('PERMISSION_DENIED', 'a page of another site may not use this server', {
      hint: 'Open it as `http://127.0.0.1` or `http://localhost`, or make a token: `terroir token create`.',
    });
  }
  return { user: localUser, role: 'admin', token: null, address };
}

/** What a browser says of the page that asks: changing requests always carry an `Origin`. */
export function isSameSite({ host = '', origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === `http://${host}` || origin === `https://${host}`;
}

export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === '::1';
}

const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/** A name that somebody made point to this machine, or a page that sends its reader's browser here, must not get the local user's rights. */
function isFromHere(headers: IncomingHttpHeaders): boolean {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  // A proxy on this machine speaks for somebody elsewhere.
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return false;
  const name = /^(.*?)(?::\d+)?$/.exec(host)?.[1]?.toLowerCase() ?? '';
  const isLocalName = name === 'localhost' || name === '[::1]' || isLoopback(name);
  const isSameOrigin = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  return isLocalName && isSameOrigin && (site === undefined || site === 'same-origin' || site === 'none');
}

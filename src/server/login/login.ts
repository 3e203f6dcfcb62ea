import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { createHttp } from '../../io/index.ts';
import { Role } from '../../schema/index.ts';
import type * as openid from './openid-client.ts';
import { type CookieSeal, createCookieSeal, readCookie } from './sealed-cookie.ts';
import { type LoginSettings, roleOf, userOf } from './settings.ts';

const Session = z.object({ user: z.string(), role: Role });
/** Who logged in, as their browser remembers it. */
export type Session = z.infer<typeof Session>;

const Attempt = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string() });
type Attempt = z.infer<typeof Attempt>;

export const cookieNames = { session: 'terroir-session', attempt: 'terroir-login' } as const;
/** Seconds: a working day, and the time to type a password. */
export const lifetimes = { session: 8 * 3600, attempt: 600 } as const;

/** OpenID Connect's authorization code flow, with PKCE, state and nonce. */
export interface Login {
  settings: LoginSettings;
  /** Undefined if the browser has none that holds. */
  sessionOf(headers: IncomingHttpHeaders): Session | undefined;
  /** Where to send the browser, and what it has to remember. */
  begin(redirectUri: string, to: string): Promise<{ url: string; cookie: string }>;
  /** What the provider said when it sent the browser back. @throws AppError UNAUTHORIZED, PERMISSION_DENIED, UNREACHABLE. */
  finish(url: URL, headers: IncomingHttpHeaders): Promise<{ session: Session; cookie: string; to: string }>;
}

export function createLogin(
  settings: LoginSettings,
  { secret, env }: { secret: Uint8Array; env: Record<string, string | undefined> },
): Login {
  const sessions = createCookieSeal(secret, 'session');
  const attempts = createCookieSeal(secret, 'login');
  let configured: Promise<openid.Configuration> | undefined;
  const configuration = async (library: typeof openid): Promise<openid.Configuration> => {
    // A provider that was away is asked again.
    configured ??= discover(library, settings, env).catch((error: unknown) => {
      configured = undefined;
      throw error;
    });
    return await configured;
  };
  return {
    settings,
    sessionOf: (headers) => openCookie(Session, sessions, readCookie(headers.cookie, cookieNames.session)),
    begin: async (redirectUri, to) => {
      const library = await import('./openid-client.ts');
      const config = await configuration(library);
      const attempt: Attempt = {
        state: library.randomState(),
        nonce: library.randomNonce(),
        verifier: library.randomPKCECodeVerifier(),
        to,
      };
      const url = library.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await library.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, cookie: attempts.seal(attempt, lifetimes.attempt) };
    },
    finish: async (url, headers) => {
      const attempt = openCookie(Attempt, attempts, readCookie(headers.cookie, cookieNames.attempt));
      if (attempt === undefined)
        throw new AppError('UNAUTHORIZED', 'this log-in did not begin in this browser, or it took too long', {
          hint: 'Begin again: /auth/login.',
          details: { login: '/auth/login' },
        });
      const library = await import('./openid-client.ts');
      const claims = await claimsOf(library, await configuration(library), { url, attempt });
      const session = { user: userOf(claims), role: roleOf(claims, settings) };
      return { session, cookie: sessions.seal(session, lifetimes.session), to: attempt.to };
    },
  };
}

function openCookie<T>(schema: z.ZodType<T>, seal: CookieSeal, text: string | undefined): T | undefined {
  return schema.safeParse(seal.open(text)).data;
}

async function discover(
  library: typeof openid,
  { issuer, clientId, clientSecret }: LoginSettings,
  env: Record<string, string | undefined>,
): Promise<openid.Configuration> {
  const server = new URL(issuer);
  const http = createHttp({ env });
  const isHere = server.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(server.hostname);
  const authentication = clientSecret === undefined ? library.None() : library.ClientSecretPost(clientSecret);
  try {
    return await library.discovery(server, clientId, undefined, authentication, {
      // Proxies and certificate authorities as everywhere.
      [library.customFetch]: async (url, { method, headers, body, signal }) => {
        const bytes =
          body === null || body === undefined ? undefined : Buffer.from(await new Response(body).arrayBuffer());
        const answer = await http.send(url, { method, headers, body: bytes, signal });
        return new Response(await answer.bytes(), { status: answer.status, headers: answer.headers });
      },
      ...(isHere ? { execute: [library.allowInsecureRequests] } : {}),
    });
  } catch (error) {
    throw new AppError('UNREACHABLE', `the identity provider ${issuer} does not answer as one`, {
      hint: 'Is `--oidc-issuer` right, and is it reached from here?',
      cause: error,
    });
  }
}

/** Of the ID token, and of the user info, where most providers have groups. */
async function claimsOf(
  library: typeof openid,
  config: openid.Configuration,
  { url, attempt }: { url: URL; attempt: Attempt },
): Promise<Record<string, unknown>> {
  try {
    const tokens = await library.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: attempt.verifier,
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('no ID token');
    if (config.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await library.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
  } catch (error) {
    throw new AppError('UNAUTHORIZED', 'the identity provider did not vouch for you', {
      hint: 'Begin again: /auth/login.',
      details: { login: '/auth/login' },
      cause: error,
    });
  }
}

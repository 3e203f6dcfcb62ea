import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import type { Http, HttpResponse } from '../../io/index.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials } from './docker-credentials.ts';
import { failureOf, readJson } from './failure.ts';

/** Who talks to which registry. */
export interface Party {
  /** As the user names it. */
  registry: string;
  /** Where it is: `https://host`. */
  base: string;
  credentials: Credentials | undefined;
  problem?: string;
}

/** Finds the `Authorization` header that a registry wants; for a while the same one for the same scope. */
export interface Authorizer {
  /** What was granted before, if it still holds. */
  known: (party: Party, scope: string) => string | undefined;
  /** Does what the challenges of a 401 ask for. Undefined if there is nothing that could be done. @throws AppError UNAUTHORIZED and those of HTTP. */
  answer: (party: Party, wanted: { header: string; scope: string }) => Promise<string | undefined>;
}

const TokenAnswer = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** Tokens without a time hold for a minute (Docker's token specification), and nobody should come in the last second. */
const shortest = 60_000;
const margin = 5000;

export function createAuthorizer(http: Http): Authorizer {
  const granted = new Map<string, { header: string; until: number }>();
  const underWay = new Map<string, Promise<string>>();
  const keyOf = ({ base, credentials }: Party, scope: string): string =>
    `${base} ${scope} ${credentials === undefined ? '' : credentials.kind}`;

  const fetchToken = async (party: Party, challenge: Challenge, scope: string): Promise<string> => {
    const url = realmOf(party, challenge);
    const { service = '', scope: asked = '' } = challenge.parameters;
    const scopes = [...new Set([...scope.split(' '), ...asked.split(' ')])].filter((each) => each !== '');
    const response = await requestToken(http, { url, service, scopes, credentials: party.credentials });
    if (response.status >= 300) {
      throw await failureOf(response, {
        what: `a token for \`${scope}\``,
        registry: party.registry,
        problem: party.problem,
      });
    }
    const { data } = TokenAnswer.safeParse(await readJson(response));
    const value = data?.token ?? data?.access_token;
    if (value === undefined) throw noToken(party);
    const header = `Bearer ${value}`;
    granted.set(keyOf(party, scope), {
      header,
      until: Date.now() + Math.max((data?.expires_in ?? 0) * 1000, shortest) - margin,
    });
    return header;
  };

  return {
    known: (party, scope) => {
      const { header, until } = granted.get(keyOf(party, scope)) ?? { until: 0 };
      return Date.now() < until ? header : undefined;
    },
    answer: async (party, { header, scope }) => {
      const challenges = parseChallenges(header);
      const { credentials } = party;
      const bearer = challenges.find((each) => each.scheme === 'bearer' && each.parameters.realm !== undefined);
      if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`;
      if (bearer !== undefined) {
        const key = keyOf(party, scope);
        const fetching = underWay.get(key) ?? fetchToken(party, bearer, scope);
        underWay.set(key, fetching);
        return await fetching.finally(() => underWay.delete(key));
      }
      if (!challenges.some((each) => each.scheme === 'basic') || credentials?.kind !== 'password') return undefined;
      const basic = basicHeader(credentials);
      granted.set(keyOf(party, scope), { header: basic, until: Number.POSITIVE_INFINITY });
      return basic;
    },
  };
}

interface TokenRequest {
  url: URL;
  service: string;
  scopes: readonly string[];
  credentials: Credentials | undefined;
}

/** An identity token goes by OAuth 2 (POST), all else by Docker's own way (GET). */
async function requestToken(http: Http, { url, service, scopes, credentials }: TokenRequest): Promise<HttpResponse> {
  if (credentials?.kind === 'identity-token') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service,
      scope: scopes.join(' '),
      client_id: 'terroir',
      refresh_token: credentials.token,
    });
    return await http.send(url.href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(form.toString()),
    });
  }
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const password = credentials?.kind === 'password' ? credentials : undefined;
  if (password !== undefined) url.searchParams.set('account', password.user);
  const headers: Record<string, string> = password === undefined ? {} : { authorization: basicHeader(password) };
  return await http.send(url.href, { method: 'GET', headers });
}

/** A registry that is asked in private may not have a password sent in the open. */
function realmOf({ registry, base, credentials }: Party, { parameters }: Challenge): URL {
  const { realm = '' } = parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && base.startsWith('http:'));
  if (url !== undefined && (isSafe || (url.protocol === 'http:' && credentials === undefined))) return url;
  throw new AppError('UNAUTHORIZED', `\`${registry}\` sends to \`${realm}\` for tokens, which is no safe address`, {
    hint: 'The registry’s configuration names the realm; it has to begin with `https://`.',
  });
}

function basicHeader({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function noToken({ registry }: Party): AppError {
  return new AppError('UNAUTHORIZED', `the token server of \`${registry}\` answers without a token`, {
    hint: 'Try again; if it stays so, the registry is set up wrongly.',
  });
}

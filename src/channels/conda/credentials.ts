import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { readTextIfExists } from '../../io/index.ts';
import { basic, type Login, readNetrc } from '../netrc.ts';
import type { Channel } from './channel.ts';
import type { CondaPlaces } from './conda-configuration.ts';
import type { KnownChannels } from './known-channels.ts';

/** What is kept for a host, as the tools of the conda world write it down. */
const Kept = z.union([
  z.object({ CondaToken: z.string() }),
  z.object({ BearerToken: z.string() }),
  z.object({ BasicHTTP: z.object({ username: z.string(), password: z.string() }) }),
]);
const KeptFile = z.record(z.string(), z.unknown());

export interface CondaCredentials {
  /** Tokens that belong into the path of a channel, by host. */
  tokens: ReadonlyMap<string, string>;
  /** The `Authorization` header for a URL without user info. What a channel's address carries holds for its server. */
  header: (known: KnownChannels) => (url: URL) => Promise<string | undefined>;
}

/**
 * Credentials as conda, mamba and rattler find them: in the channels' addresses, in netrc, and in the file of RATTLER_AUTH_FILE or
 * `~/.rattler/credentials.json`; and tokens in TERROIR_CHANNEL_TOKENS.
 * @throws AppError USAGE for such a file that cannot be read.
 */
export async function readCondaCredentials({ env, home }: CondaPlaces): Promise<CondaCredentials> {
  const kept = await readKept(env.RATTLER_AUTH_FILE || join(home, '.rattler', 'credentials.json'));
  const tokens = tokensOf(env.TERROIR_CHANNEL_TOKENS ?? '');
  for (const [host, each] of kept) if ('CondaToken' in each) tokens.set(host, each.CondaToken);
  let netrc: Promise<ReadonlyMap<string, Login>> | undefined;
  return {
    tokens,
    header: (known) => async (url) => {
      const own = fromChannels(url, known.all());
      if (own !== undefined) return basic(own);
      const each = kept.get(url.host) ?? kept.get(url.hostname) ?? wildcard(url.hostname, kept);
      if (each !== undefined && 'BearerToken' in each) return `Bearer ${each.BearerToken}`;
      if (each !== undefined && 'BasicHTTP' in each)
        return basic({ user: each.BasicHTTP.username, password: each.BasicHTTP.password });
      netrc ??= readNetrc(env.NETRC || join(home, '.netrc'));
      const logins = await netrc;
      const login = logins.get(url.hostname) ?? logins.get('');
      return login === undefined ? undefined : basic(login);
    },
  };
}

/** `host=token; other.host=token` */
function tokensOf(text: string): Map<string, string> {
  const pairs = text.split(';').map((pair) => pair.split('=').map((part) => part.trim()));
  return new Map(pairs.flatMap(([host, token]) => (host && token ? [[host, token] as const] : [])));
}

/** Of the channels on the same server, the one with the longest path before the URL's. */
function fromChannels(url: URL, channels: readonly Channel[]): Login | undefined {
  const fitting = channels
    .flatMap(({ sources }) => sources)
    .filter((source) => /^https?:/i.test(source))
    .map((source) => new URL(source))
    .filter(({ origin, username }) => origin === url.origin && username !== '')
    .sort((a, b) => b.pathname.length - a.pathname.length);
  const found = fitting.find(({ pathname }) => url.pathname.startsWith(pathname)) ?? fitting.at(-1);
  return found === undefined ? undefined : { user: decode(found.username), password: decode(found.password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `*.example.com` */
function wildcard(host: string, kept: ReadonlyMap<string, z.infer<typeof Kept>>): z.infer<typeof Kept> | undefined {
  for (let rest = host; rest.includes('.'); rest = rest.slice(rest.indexOf('.') + 1)) {
    const found = kept.get(`*.${rest}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readKept(path: string): Promise<Map<string, z.infer<typeof Kept>>> {
  const text = await readTextIfExists(path);
  const kept = new Map<string, z.infer<typeof Kept>>();
  if (text === undefined || text.trim() === '') return kept;
  try {
    for (const [host, value] of Object.entries(KeptFile.parse(JSON.parse(text)))) {
      const each = Kept.safeParse(value);
      // Other kinds are for other servers.
      if (each.success) kept.set(host, each.data);
    }
    return kept;
  } catch {
    // Without the cause: the text of a JSON error may hold a piece of a secret.
    throw new AppError('USAGE', `the credentials in \`${path}\` cannot be read: it is no JSON object`, {
      hint: 'Repair it, or remove it and log in again.',
    });
  }
}

import { join } from 'node:path';
import { runProcess } from '../../io/index.ts';
import { basic, type Login, readNetrc } from '../netrc.ts';
import { expandVariables } from '../variables.ts';
import type { PipConfiguration, PipPlaces } from './pip-configuration.ts';

/**
 * Credentials for a URL, as pip finds them: in the configured URLs (same server, longest path), in netrc, and from `keyring` where pip's
 * configuration asks for it. `urls` are the indexes that a definition names itself, `${VAR}` and all.
 */
export function createCredentials(
  { env, home }: PipPlaces,
  pip: PipConfiguration,
  urls: readonly string[] = [],
): (url: URL) => Promise<string | undefined> {
  const named = urls.map((url) => expandIfSet(url, env));
  const configured = [pip.indexUrl ?? '', ...pip.extraIndexUrls, ...pip.findLinks, ...named]
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text));
  let netrc: Promise<ReadonlyMap<string, Login>> | undefined;
  const fromKeyring = new Map<string, Promise<Login | undefined>>();
  return async (url) => {
    const own = configured
      .filter((each) => each.username !== '' && each.origin === url.origin)
      .sort((a, b) => b.pathname.length - a.pathname.length)
      .find(
        (each, index, all) =>
          url.pathname.startsWith(each.pathname.replace(/\/simple\/?$/, '')) || index === all.length - 1,
      );
    if (own !== undefined) {
      const login = { user: decode(own.username), password: decode(own.password) };
      return basic(
        login.password === '' && pip.keyring === 'subprocess'
          ? ((await askKeyring(url.origin, login.user, env)) ?? login)
          : login,
      );
    }
    netrc ??= readNetrc(env.NETRC || join(home, '.netrc'));
    const logins = await netrc;
    const login = logins.get(url.hostname) ?? logins.get('');
    if (login !== undefined) return basic(login);
    if (pip.keyring !== 'subprocess') return undefined;
    const asked = fromKeyring.get(url.origin) ?? askKeyring(url.origin, 'VssSessionToken', env);
    fromKeyring.set(url.origin, asked);
    const answer = await asked;
    return answer === undefined ? undefined : basic(answer);
  };
}

/** Who asks with an address whose variable is not set is told so elsewhere. */
function expandIfSet(url: string, env: PipPlaces['env']): string {
  try {
    return expandVariables(url, env);
  } catch {
    return '';
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function askKeyring(
  service: string,
  user: string,
  env: Record<string, string | undefined>,
): Promise<Login | undefined> {
  try {
    const { exitCode, stdout } = await runProcess('keyring', ['get', service, user], { env, timeout: 30_000 });
    const password = stdout.trim();
    return exitCode === 0 && password !== '' ? { user, password } : undefined;
  } catch {
    // No keyring, no credentials: the server will say that it wants some.
    return undefined;
  }
}

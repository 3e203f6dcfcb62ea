import { join } from 'node:path';
import { readTextIfExists, runProcess } from '../../io/index.ts';
import type { PipConfiguration, PipPlaces } from './pip-configuration.ts';
import { expandVariables } from './variables.ts';

interface Login {
  user: string;
  password: string;
}

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

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** machine, login, password; `default` is kept under the empty name; macros are left out. */
async function readNetrc(path: string): Promise<ReadonlyMap<string, Login>> {
  const logins = new Map<string, Login>();
  const text = (await readTextIfExists(path)) ?? '';
  const words = text
    .replaceAll(/^macdef[^\n]*\n(?:[^\n]+\n)*/gm, '')
    .replaceAll(/^\s*#.*$/gm, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  let machine: string | undefined;
  let login: Login = { user: '', password: '' };
  const keep = (): void => {
    if (machine !== undefined && !logins.has(machine)) logins.set(machine, login);
    login = { user: '', password: '' };
  };
  for (let at = 0; at < words.length; at += 1) {
    const next = (words[at + 1] ?? '').replace(/^"(.*)"$/, '$1');
    switch (words[at] ?? '') {
      case 'machine':
        keep();
        machine = next;
        at += 1;
        break;
      case 'default':
        keep();
        machine = '';
        break;
      case 'login':
        login.user = next;
        at += 1;
        break;
      case 'password':
        login.password = next;
        at += 1;
        break;
      case 'account':
        at += 1;
        break;
      default:
      // What no netrc has.
    }
  }
  keep();
  return logins;
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

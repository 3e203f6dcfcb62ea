import { readTextIfExists } from '../io/index.ts';

export interface Login {
  user: string;
  password: string;
}

export function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** machine, login, password; `default` is kept under the empty name; macros are left out. */
export async function readNetrc(path: string): Promise<ReadonlyMap<string, Login>> {
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

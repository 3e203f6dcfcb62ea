import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type AppOptions, envOfFolder, type ServedRegistry, storeFolderOf } from '../app/index.ts';

/** What the App is to know that works on this machine with what it brought from a server. */
export function mirrorPlace(
  url: string,
  { env, home, token }: Pick<AppOptions, 'env' | 'home'> & { token?: string },
): Pick<AppOptions, 'env' | 'workspace'> & { servedRegistry: ServedRegistry } {
  return {
    env: envOfFolder(env),
    workspace: mirrorFolder(storeFolderOf({ env, home }), url),
    servedRegistry: servedRegistry(url, token),
  };
}

/** Where this machine keeps what it brought: `<store>/servers/<host>-<hash>`, a workspace. */
function mirrorFolder(storeFolder: string, url: string): string {
  const address = url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/\/+$/, '');
  const host = /^https?:\/\/([^/]*)/i.exec(address)?.[1]?.replaceAll(/[^a-z0-9.-]/gi, '_') ?? '';
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 12);
  return join(storeFolder, 'servers', `${host}-${hash}`);
}

/** The workspace's registry. It is at the root of its host, as registries are. */
function servedRegistry(url: string, token: string | undefined): ServedRegistry {
  const { host, protocol, password } = new URL(url);
  const known = token ?? (password === '' ? undefined : decodeURIComponent(password));
  return { host, isPlain: protocol === 'http:', token: known };
}

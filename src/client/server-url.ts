import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ServedRegistry, storeFolderOf } from '../app/index.ts';

/** True if a workspace is a server and no folder. */
export function isServerUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** The registry of the workspace behind a server. It is at the root of its host, as registries are. */
export function servedRegistry(url: string, token: string | undefined): ServedRegistry {
  const { host, protocol, password } = new URL(url);
  return {
    host,
    isPlain: protocol === 'http:',
    token: token ?? (password === '' ? undefined : decodeURIComponent(password)),
  };
}

/** Where this machine keeps what it brought from a server: `<store>/servers/<host>-<hash>`, a workspace. */
export function mirrorFolder(place: Parameters<typeof storeFolderOf>[0], url: string): string {
  const address = url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/\/+$/, '');
  const host = /^https?:\/\/([^/]*)/i.exec(address)?.[1]?.replaceAll(/[^a-z0-9.-]/gi, '_') ?? '';
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 12);
  return join(storeFolderOf(place), 'servers', `${host}-${hash}`);
}

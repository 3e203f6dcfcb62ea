import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { storeFolderOf } from '../app/index.ts';

/** True if a workspace is a server and no folder. */
export function isServerUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** Where this machine keeps what it brought from a server: `<store>/servers/<host>-<hash>`, a workspace. */
export function mirrorFolder(place: Parameters<typeof storeFolderOf>[0], url: string): string {
  const address = url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/\/+$/, '');
  const host = /^https?:\/\/([^/]*)/i.exec(address)?.[1]?.replaceAll(/[^a-z0-9.-]/gi, '_') ?? '';
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 12);
  return join(storeFolderOf(place), 'servers', `${host}-${hash}`);
}

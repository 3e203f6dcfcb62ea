import { join } from 'node:path';
import { createRegistry, createRemoteRegistry, type Registry, type RegistryClient } from '../../registry/index.ts';
import type { App } from '../app.ts';
import { splitPrefix } from './registry-prefix.ts';
import { contentsRepository, sharedRegistry } from './shared-registry.ts';

/** How references name the workspace's own registry: a host that no registry on a network has. */
export const workspaceHost = 'localhost';

/** Those elsewhere, by who talks to them: what is known of one is known to all who open it. */
const opened = new WeakMap<RegistryClient, Registry>();

/** The registry of the workspace: a folder, which a server may serve at the same time, or one elsewhere, which other machines use as well. */
export async function openWorkspaceRegistry(app: App): Promise<Registry> {
  const shared = sharedRegistry(app);
  const { folder } = await app.openWorkspace();
  if (shared === undefined) return openRegistryIn(folder, app);
  const client = await app.openRegistries();
  const { host, prefix } = splitPrefix(shared);
  const registry =
    opened.get(client) ??
    createRemoteRegistry(client, {
      host,
      prefix,
      folder: join(folder, 'registry', 'spool'),
      reserved: [contentsRepository],
    });
  opened.set(client, registry);
  return registry;
}

/** The registry in the folder of any workspace of this machine. */
export function openRegistryIn(folder: string, app: Pick<App, 'emit'>): Registry {
  return createRegistry(join(folder, 'registry'), {
    onDamage: ({ digest, movedTo }) =>
      app.emit({
        type: 'note',
        level: 'warning',
        message: `the content ${digest} of the workspace's registry was damaged, and was moved to \`${movedTo}\``,
        hint: 'It is made or brought again where that can be done.',
      }),
  });
}

import { join } from 'node:path';
import { createRegistry, type Registry } from '../../registry/index.ts';
import type { App } from '../app.ts';

/** How references name the workspace's own registry: a host that no registry on a network has. */
export const workspaceHost = 'localhost';

/** The registry of the workspace: a folder, which a server may serve at the same time. */
export async function openWorkspaceRegistry(app: App): Promise<Registry> {
  return openRegistryIn((await app.openWorkspace()).folder, app);
}

/** The registry of any workspace of this machine. */
export function openRegistryIn(folder: string, app: Pick<App, 'emit'>, options: { grace?: number } = {}): Registry {
  return createRegistry(join(folder, 'registry'), {
    ...options,
    onDamage: ({ digest, movedTo }) =>
      app.emit({
        type: 'note',
        level: 'warning',
        message: `the content ${digest} of the workspace's registry was damaged, and was moved to \`${movedTo}\``,
        hint: 'It is made or brought again where that can be done.',
      }),
  });
}

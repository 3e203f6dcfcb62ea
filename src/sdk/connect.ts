import { homedir, userInfo } from 'node:os';
import { isServerUrl } from '../client/index.ts';
import { checkInputs } from './inputs.ts';
import type { ConnectOptions, Terroir } from './types.ts';

/**
 * Opens a workspace: a folder (it is made if it is not there), or the URL of a server. Without one, `TERROIR_WORKSPACE` says which, and else the
 * folder that the command line would take.
 */
export async function connect(where?: string, options: ConnectOptions = {}): Promise<Terroir> {
  // oxlint-disable-next-line node/no-process-env -- a library has no other edge where it could be handed in
  const env = options.env ?? process.env;
  const settled = { ...options, env, cwd: options.cwd ?? process.cwd(), home: env.HOME ?? homedir() };
  const place = where ?? (env.TERROIR_WORKSPACE === '' ? undefined : env.TERROIR_WORKSPACE);
  if (place !== undefined && isServerUrl(place)) {
    const { openUrl } = await import('./open-url.ts');
    return checkInputs(openUrl(place, settled));
  }
  const { openFolder } = await import('./open-folder.ts');
  return checkInputs(await openFolder(place, { ...settled, user: options.user ?? userInfo().username }));
}

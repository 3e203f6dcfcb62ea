import type { Emit } from '../../report/index.ts';
import type { Actor } from '../../workspace/index.ts';
import type { App } from '../app.ts';

/**
 * The same App for somebody on another machine: what is made bears their name, and no word of theirs names a path here. Nothing is opened anew.
 */
export function actFor(app: App, caller: Actor & { admin?: boolean; emit: Emit; signal: AbortSignal }): App {
  return {
    ...app,
    ...caller,
    remote: true,
    openWorkspace: async () => (await app.openWorkspace()).as({ user: caller.user, origin: caller.origin }),
  };
}

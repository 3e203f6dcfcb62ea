import { findEngines } from '../../engines/index.ts';
import type { App } from '../app.ts';
import type { Diagnosis } from './doctor.ts';

/** Container engines: one that builds is enough, and most environments need none. */
export async function checkEngines(app: App): Promise<Diagnosis[]> {
  const states = await findEngines(app);
  const items = states.map(({ name, ...state }): Diagnosis => {
    if (state.engine === undefined)
      return { state: 'warning', subject: name, message: state.reason, remedy: remedies[name] };
    const does = state.engine.containers === undefined ? 'builds' : 'builds, and runs containers';
    return { state: 'ok', subject: name, message: `${state.engine.version}: ${does}` };
  });
  const found = items.filter(({ state }) => state === 'ok');
  // Who has one does not miss the others.
  if (found.length > 0) return found;
  const needed = 'needed for Docker steps that execute something, for build contexts and for `--target docker`';
  return items.map((item) => ({ ...item, message: `${item.message} (${needed})` }));
}

const remedies = {
  docker: '`apt install docker.io`, or start its service',
  podman: '`apt install podman`',
  buildah: '`apt install buildah`',
} as const;

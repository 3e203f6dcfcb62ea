import { findEngines } from '../../engines/index.ts';
import { currentPlatform } from '../../io/index.ts';
import type { WorkerRecord } from '../../schema/index.ts';
import type { App } from '../app.ts';

/** Where a job may say that it runs: `compute: NAME`, or `--target NAME`. */
export interface ComputeTarget {
  /** `local`, `docker`, or a worker's. */
  name: string;
  /** `worker`: a process, here or on another machine, that runs a job in whichever of the two its environment wants. */
  kind: 'prefix' | 'image' | 'worker';
  platform: string | null;
  state: 'ready' | 'missing';
  /** What there is, or what is missing. */
  detail: string;
}

/** The targets of this machine, and the workers that are at work. */
export async function listCompute(app: App): Promise<{ items: ComputeTarget[]; next: null }> {
  const platform = currentPlatform() ?? null;
  const states = await findEngines(app);
  const runners = states.flatMap(({ engine }) => (engine?.containers === undefined ? [] : [engine]));
  const missing = states.flatMap((state) =>
    state.engine === undefined && state.name !== 'buildah' ? [`${state.name}: ${state.reason}`] : [],
  );
  const docker: ComputeTarget = {
    name: 'docker',
    kind: 'image',
    platform:
      platform === null ? null : platform.replace(/^osx-(arm64)?.*/, (_, arm) => (arm ? 'linux-aarch64' : 'linux-64')),
    state: runners.length > 0 ? 'ready' : 'missing',
    detail:
      runners.length > 0 ? runners.map(({ name, version }) => `${name} ${version}`).join(', ') : missing.join('; '),
  };
  const local: ComputeTarget = {
    name: 'local',
    kind: 'prefix',
    platform,
    state: platform === null ? 'missing' : 'ready',
    detail: 'this machine',
  };
  const { workers } = await app.openWorkspace();
  return { items: [local, docker, ...(await workers.list()).map(toTarget)], next: null };
}

function toTarget({ name, platform, host, going, parallel }: WorkerRecord): ComputeTarget {
  return {
    name,
    kind: 'worker',
    platform,
    state: 'ready',
    detail: `on ${host}, ${going} of ${parallel} at work`,
  };
}

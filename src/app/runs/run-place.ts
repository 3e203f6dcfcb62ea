import type { InterpreterFacts, Lock } from '../../schema/index.ts';
import { type LocalRunRequest, type LocalRunResult, runLocally } from '../../targets/index.ts';
import type { App } from '../app.ts';
import { commandEnvironment } from '../prefixes/command-environment.ts';
import { prepareEnvironment } from '../prefixes/use-environment.ts';
import type { RunPlan } from './run-plan.ts';

/** Where a run happens, ready for it. */
export interface RunPlace {
  /** As the record names it. */
  target: string;
  /** The container engine that runs it, if one does. */
  engine: string | undefined;
  lock: { lock: Lock; revision: number } | undefined;
  prefix: string | undefined;
  imageDigest: string | undefined;
  interpreter: InterpreterFacts | undefined;
  /** What a user should know of it. */
  notes: readonly string[];
  launch(parts: LaunchParts): Promise<Launch>;
}

export interface LaunchParts {
  runId: string;
  cwd: string;
  jobVariables: Readonly<Record<string, string>>;
  runVariables: Readonly<Record<string, string>>;
  /** Folders and files that the script may want, besides where it runs. */
  reads: readonly string[];
  writes: readonly string[];
}

export interface Launch {
  /** Names of the caller's variables that the script does not get. */
  removed: string[];
  run(request: Omit<LocalRunRequest, 'cwd' | 'env'>): Promise<LocalRunResult>;
}

export async function preparePlace(app: App, plan: RunPlan): Promise<RunPlace> {
  if (plan.target.kind === 'docker') {
    const { prepareContainer } = await import('./container-place.ts');
    return await prepareContainer(app, plan, plan.target);
  }
  const ready = await prepareEnvironment(app, plan.version, plan.locked);
  return {
    target: 'local',
    engine: undefined,
    lock: ready.lock,
    prefix: ready.prefix,
    imageDigest: undefined,
    interpreter: ready.interpreter,
    notes: ready.notes,
    launch: async ({ cwd, jobVariables, runVariables }) => {
      const { env, removed } = await commandEnvironment(app, plan.version, ready, { cwd, jobVariables, runVariables });
      return { removed, run: async (request) => await runLocally({ ...request, cwd, env }) };
    },
  };
}

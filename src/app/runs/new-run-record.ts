import { now } from '../../io/index.ts';
import type { RecordedContainer, RunRecord } from '../../schema/index.ts';
import { createRunId } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import type { RunPlan, RunTarget } from './run-plan.ts';

/** The record of a run that is about to begin. */
export function newRunRecord(app: App, plan: RunPlan, status: RunRecord['status']): RunRecord {
  const { version } = plan;
  return {
    id: plan.id ?? createRunId(),
    status,
    displayName: plan.displayName ?? null,
    experimentName: plan.experimentName ?? null,
    description: plan.description ?? null,
    tags: plan.tags,
    environment: { name: version.name, version: version.version, fingerprint: version.fingerprint },
    lockDigest: null,
    lockRevision: null,
    imageDigest: null,
    prefix: null,
    interpreter: null,
    target: plan.target.kind,
    container: recordedContainer(plan.target),
    compute: plan.compute ?? null,
    worker: null,
    command: typeof plan.command === 'string' ? plan.command : [...plan.command],
    executed: [],
    snapshot: plan.code.kind === 'stored' ? plan.code.snapshot : null,
    workingFolder: null,
    timeout: plan.timeout ?? null,
    git: null,
    environmentVariables: {},
    removedVariables: [],
    inputs: {},
    outputs: {},
    keptOutputs: null,
    machine: null,
    resources: null,
    createdAt: now(),
    createdBy: app.user,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    error: null,
    replayOf: plan.replayOf ?? null,
    notes: plan.notes,
    terroirVersion: app.version,
  };
}

/** How a run's container is started; by this engine, once it is chosen. */
export function recordedContainer(target: RunTarget, engine?: string): RecordedContainer | null {
  if (target.kind !== 'docker') return null;
  const { gpus = null, shmSize = null, args } = target;
  return { engine: engine ?? target.engine ?? target.formerEngine ?? null, gpus, shmSize, args };
}

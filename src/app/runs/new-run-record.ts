import { now } from '../../io/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import { createRunId } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import type { RunPlan } from './run-plan.ts';

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

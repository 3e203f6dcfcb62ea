import { AppError } from '../../errors/index.ts';
import { pathExists } from '../../io/index.ts';
import { unsetInputs } from '../../jobs/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import { hashTree } from '../../snapshots/index.ts';
import type { EnvironmentVersion, LockRevision, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { withGivenSecrets } from './replay-secrets.ts';
import { replayVariables } from './replay-variables.ts';
import type { OnOutput, RunPlan, RunTarget } from './run-plan.ts';

export interface ReplayOptions {
  onOutput: OnOutput;
  /** Values of secrets, besides those of the caller's environment; of somebody on another machine, the only ones. */
  secrets?: Readonly<Record<string, string>>;
}

/** The plan of a run that repeats another one. What cannot be as it was is told, and stands in its notes. */
export async function planReplay(app: App, id: string, { onOutput, secrets }: ReplayOptions): Promise<RunPlan> {
  const workspace = await app.openWorkspace();
  const record = await workspace.runs.get(id);
  const version = await versionOf(workspace, record);
  const locked = await lockOf(workspace, record, version);
  const target = targetOf(record);
  const { variables, notes: ofVariables } = await replayVariables(app, { record, version, secrets });
  const notes = [...(await changedInputs(record)), ...ofVariables, ...movedOutputs(record), ...unknownStart(record)];
  for (const message of notes) app.emit({ type: 'note', level: 'warning', message });
  const plan: RunPlan = {
    version,
    target,
    imageDigest: target.kind === 'docker' ? (record.imageDigest ?? undefined) : undefined,
    locked,
    displayName: record.displayName ?? undefined,
    experimentName: record.experimentName ?? undefined,
    description: record.description ?? undefined,
    tags: record.tags,
    command: record.command,
    code: codeOf(record),
    inputs: inputsOf(record),
    optionalInputs: typeof record.command === 'string' ? unsetInputs(record.command, Object.keys(record.inputs)) : [],
    outputs: Object.fromEntries(
      Object.entries(record.outputs).map(([name, { type }]) => [name, { type: type as 'uri_folder' }]),
    ),
    variables,
    secrets,
    timeout: record.timeout ?? undefined,
    replayOf: record.id,
    notes: [...record.notes.filter((note) => note.includes('not part of a local run')), ...notes],
    onOutput,
  };
  return await withGivenSecrets(app, record, plan);
}

async function versionOf(workspace: Workspace, { id, environment }: RunRecord): Promise<EnvironmentVersion> {
  const version = await workspace.environments.get(environment.name, environment.version);
  if (version !== undefined) return version;
  throw new AppError(
    'ENVIRONMENT_NOT_FOUND',
    `the environment ${environment.name}:${environment.version} of the run ${id} is gone`,
  );
}

/** Undefined for a run that had none. */
async function lockOf(
  { locks }: Workspace,
  { id, lockDigest }: RunRecord,
  { definition }: EnvironmentVersion,
): Promise<LockRevision | undefined> {
  const revision = lockDigest === null ? undefined : await locks.byDigest(lockDigest);
  if (lockDigest !== null && revision === undefined)
    throw new AppError('LOCK_NOT_FOUND', `the lock ${lockDigest} of the run ${id} is gone`);
  if (revision === undefined && definition.layer !== undefined) {
    throw new AppError('LOCK_NOT_FOUND', `the run ${id} ended before it had a lock; there is nothing to repeat`, {
      hint: 'Submit its job again.',
    });
  }
  return revision;
}

function targetOf({ target, container }: RunRecord): RunTarget {
  if (target !== 'docker') return { kind: 'local' };
  if (container === null) return { kind: 'docker', args: [] };
  const { engine, gpus, shmSize, args } = container;
  return {
    kind: 'docker',
    formerEngine: engine ?? undefined,
    gpus: gpus ?? undefined,
    shmSize: shmSize ?? undefined,
    args,
  };
}

/** Records have told how containers were started only since some time. */
function unknownStart({ id, target, container }: RunRecord): string[] {
  if (target !== 'docker' || container !== null) return [];
  return [
    `the record of the run ${id} does not tell which GPUs, shared memory and words for the engine its container had: this one is started without any`,
  ];
}

function codeOf(record: RunRecord): RunPlan['code'] {
  if (record.snapshot !== null) return { kind: 'stored', snapshot: record.snapshot };
  const why = record.notes.find((note) => note.startsWith('no snapshot was taken'));
  if (why === undefined) return { kind: 'none' };
  throw new AppError('FILE_NOT_FOUND', `the run ${record.id} has no snapshot of its code, so it cannot be repeated`, {
    hint: why,
  });
}

function inputsOf(record: RunRecord): RunPlan['inputs'] {
  return Object.fromEntries(
    Object.entries(record.inputs).map(([name, { type, value }]) => [
      name,
      type === 'literal'
        ? { kind: 'literal' as const, value }
        : { kind: 'path' as const, type: type as 'uri_file', path: String(value) },
    ]),
  );
}

async function changedInputs(record: RunRecord): Promise<string[]> {
  const notes: string[] = [];
  for (const [name, { type, value, digest }] of Object.entries(record.inputs)) {
    if (type === 'literal' || digest === undefined || !(await pathExists(String(value)))) continue;
    if ((await hashTree(String(value))).digest !== digest)
      notes.push(`the input \`${name}\` (\`${String(value)}\`) is not what it was: its content has changed`);
  }
  return notes;
}

/** What the run wrote to a place of the user's stays as it is: a repetition must not write over it. */
function movedOutputs({ id, outputs }: RunRecord): string[] {
  return Object.entries(outputs).flatMap(([name, { path }]) =>
    path === `outputs/${name}`
      ? []
      : [
          `the output \`${name}\` of the run ${id} is in \`${path}\` and is left alone: this run keeps its own in its folder`,
        ],
  );
}

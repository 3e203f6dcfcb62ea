import { dirname, join, resolve } from 'node:path';
import { AppError, isAppError } from '../../errors/index.ts';
import { ensureFolder, gitState, machineFacts, now } from '../../io/index.ts';
import { expandCommand } from '../../jobs/index.ts';
import type { Lock, RecordedOutput, RunRecord, WorkspaceSettings } from '../../schema/index.ts';
import { type LocalRunResult, runVariables } from '../../targets/index.ts';
import { isDatabaseAway, type RunChange, type Workspace } from '../../workspace/index.ts';
import { allOrFirst } from '../all-or-first.ts';
import type { App } from '../app.ts';
import { keepArchives } from '../packages/keep-archives.ts';
import { readSettings } from '../settings.ts';
import { patiently } from '../tasks/patiently.ts';
import { hiddenSecrets, hideIn, hideSecrets, withTexts } from './hidden-secrets.ts';
import { keepOutputs } from './kept-outputs.ts';
import { newRunRecord, recordedContainer } from './new-run-record.ts';
import { orNote } from './or-note.ts';
import { prepareCode } from './prepare-code.ts';
import { pathsOf, readInputs } from './run-inputs.ts';
import { linkOutputs, measureOutputs, prepareOutputs } from './run-outputs.ts';
import { preparePlace } from './run-place.ts';
import type { RunPlan } from './run-plan.ts';
import { readRunVariables, recordRunVariables } from './run-variables.ts';
import { watchRun } from './watch-run.ts';

export interface RunOutcome {
  record: RunRecord;
  /** The script's. */
  exitCode: number;
}

/**
 * Runs a plan to its end and records everything. The script's own failure is an outcome; what fails before or around it is thrown, and on record.
 */
export async function executeRun(app: App, asked: RunPlan): Promise<RunOutcome> {
  const workspace = await app.openWorkspace();
  // Before the script, not hours after it.
  const settings = await readSettings(app);
  await workspace.runs.endOrphans();
  const { plan, shown } = hideSecrets(app, asked, await workspace.secretKey());
  const record = newRunRecord(app, shown, 'Preparing');
  await workspace.runs.create(record, plan.version.id);
  return await conductRun(app, workspace, { plan, settings, id: record.id });
}

export interface ConductedRun {
  plan: RunPlan;
  settings: WorkspaceSettings;
  /** Of its record. */
  id: string;
  /** Ends when somebody else shall go on with the run: then it ends here, and its record does not. */
  handOver?: AbortSignal;
}

/** Runs a plan that has a record. */
export async function conductRun(app: App, workspace: Workspace, run: ConductedRun): Promise<RunOutcome> {
  const { id, handOver } = run;
  const watch = watchRun(workspace.runs, id, {
    signal: handOver ? AbortSignal.any([app.signal, handOver]) : app.signal,
  });
  try {
    return await drive({ ...app, signal: watch.signal }, workspace, run);
  } catch (error) {
    // Then it begins anew, here or elsewhere.
    if (handOver !== undefined && (handOver.aborted || isDatabaseAway(error))) throw error;
    await recordFailure(workspace, id, error, watch.signal);
    throw isAppError(error, 'FINISHED') ? endedByOthers(workspace, id, error) : error;
  } finally {
    watch.stop();
  }
}

async function drive(
  app: App,
  workspace: Workspace,
  { plan, settings, id, handOver }: ConductedRun,
): Promise<RunOutcome> {
  const folder = workspace.runFolder(id);
  await ensureFolder(join(folder, 'outputs'));
  const [place, code, git, machine] = await allOrFirst([
    preparePlace(app, plan),
    prepareCode(app, workspace, plan.code, folder),
    plan.code.kind === 'copy' || plan.code.kind === 'in-place'
      ? gitState(plan.code.folder, { env: app.env })
      : Promise.resolve(undefined),
    machineFacts(app.env),
  ]);
  app.signal.throwIfAborted();
  const key = await workspace.secretKey();
  const hidden = hiddenSecrets(plan, key);
  const hide = (text: string): string => hideIn(text, hidden);
  const inputs = await readInputs(plan.inputs, { signal: app.signal, hide });
  const outputs = await prepareOutputs(plan.outputs, { folder, id });
  await linkOutputs(code.folder, plan.code.kind);
  const variables = readRunVariables(app, plan);
  const { version } = plan;
  for (const message of place.notes) app.emit({ type: 'note', level: 'warning', message });
  const launch = await place.launch({
    runId: id,
    cwd: code.folder,
    jobVariables: variables.values,
    runVariables: runVariables({
      runId: id,
      experimentName: plan.experimentName,
      environment: { name: version.name, version: version.version },
      outputsFolder: join(folder, 'outputs'),
      inputs: pathsOf(plan.inputs),
      outputs: outputs.values,
    }),
    reads: Object.values(pathsOf(plan.inputs)),
    writes: [
      join(folder, 'outputs'),
      ...Object.values(outputs.recorded).map(({ path }) => dirname(resolve(folder, path))),
    ],
  });
  const executed =
    typeof plan.command === 'string'
      ? {
          shell: expandCommand(plan.command, {
            inputs: inputs.values,
            outputs: outputs.values,
            optionalInputs: plan.optionalInputs,
            name: id,
          }),
        }
      : plan.command;
  const notes = [...plan.notes, ...code.notes, ...place.notes];
  await workspace.runs.update(id, {
    status: 'Running',
    target: place.target,
    container: recordedContainer(withTexts(plan, hide).target, place.engine),
    lockDigest: place.lock?.lock.digest ?? null,
    lockRevision: place.lock?.revision ?? null,
    imageDigest: place.imageDigest ?? null,
    prefix: place.prefix ?? null,
    interpreter: place.interpreter ?? null,
    snapshot: code.snapshot,
    workingFolder: code.folder,
    git: git ?? null,
    environmentVariables: recordRunVariables(plan, variables, key),
    removedVariables: launch.removed,
    inputs: inputs.recorded,
    outputs: outputs.recorded,
    machine,
    startedAt: now(),
    executed: ('shell' in executed ? [executed.shell] : executed).map(hide),
    notes,
  });
  const result = await launch.run({
    executed,
    timeout: plan.timeout,
    openLog: async () => await workspace.logs.open({ kind: 'run', id }, { stop: handOver }),
    stdin: plan.code.kind === 'in-place' ? 'inherit' : 'ignore',
    signal: app.signal,
    onOutput: plan.onOutput,
    onStarted: async ({ pid }) => await workspace.runs.setScript(id, pid),
  });
  if (result.canceled) handOver?.throwIfAborted();
  return await finish(app, workspace, id, {
    result,
    notes: [...notes, ...result.notes],
    outputs: outputs.recorded,
    folder,
    keep: settings.keepArchives ? place.lock?.lock : undefined,
    timeout: plan.timeout,
  });
}

interface Finish {
  result: LocalRunResult;
  notes: string[];
  outputs: Record<string, RecordedOutput>;
  folder: string;
  /** Whose archives the workspace keeps if the run completes. */
  keep: Lock | undefined;
  timeout: number | undefined;
}

async function finish(
  app: App,
  workspace: Workspace,
  id: string,
  { result, notes, outputs, folder, keep, timeout }: Finish,
): Promise<RunOutcome> {
  await patiently(app, `the run ${id}`, async () => await workspace.runs.update(id, { status: 'Finalizing', notes }));
  const status = result.canceled ? 'Canceled' : result.exitCode === 0 && !result.timedOut ? 'Completed' : 'Failed';
  const measured = await measureOutputs(outputs, folder);
  const keptOutputs = workspace.isSpread ? await keepOutputs(app, workspace, { id, folder, notes }) : null;
  const problem = 'the archives of its packages could not be kept';
  if (status === 'Completed' && keep !== undefined)
    await orNote(app, { notes, problem }, async () => await keepArchives(app, keep, `the run ${id}`));
  const record = await end(app, workspace, id, {
    status,
    endedAt: now(),
    exitCode: result.exitCode,
    signal: result.signal,
    resources: result.resources ?? null,
    outputs: measured,
    keptOutputs,
    notes,
    error: result.timedOut
      ? {
          code: 'TIMEOUT',
          message: `the script was ended after ${timeout} s, its time limit`,
          hint: 'Raise `limits.timeout`.',
        }
      : result.canceled
        ? { code: 'CANCELED', message: 'the run was interrupted' }
        : null,
  });
  const exitCode = result.timedOut && result.exitCode === 0 ? 1 : result.exitCode;
  return { record, exitCode };
}

/** What the database took in just before it went away counts, though it could not say so any more. */
async function end(
  app: App,
  { runs }: Workspace,
  id: string,
  change: RunChange & Pick<RunRecord, 'status' | 'endedAt'>,
): Promise<RunRecord> {
  return await patiently(app, `the run ${id}`, async () => {
    try {
      return await runs.update(id, change);
    } catch (error) {
      const record = isAppError(error, 'FINISHED') ? await runs.get(id) : undefined;
      if (record?.status === change.status && record.endedAt === change.endedAt) return record;
      throw error;
    }
  });
}

async function recordFailure(workspace: Workspace, id: string, error: unknown, signal: AbortSignal): Promise<void> {
  const canceled = signal.aborted || isAppError(error, 'CANCELED');
  const facts = isAppError(error)
    ? { code: error.code, message: error.message, hint: error.hint }
    : { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
  try {
    await workspace.runs.update(id, { status: canceled ? 'Canceled' : 'Failed', endedAt: now(), error: facts });
  } catch {
    // A full disk or a lost database: the next command finds the run without a process and ends it.
  }
}

/** Nobody but the driver ends a run, unless it takes the driver for dead. */
function endedByOthers(workspace: Workspace, id: string, cause: unknown): AppError {
  return new AppError('RUN_LOST', `the run ${id} was marked as lost while it went on; its result is not on record`, {
    hint: `Its outputs are in \`${workspace.runFolder(id)}\`, and \`terroir runs logs ${id}\` prints its log.`,
    cause,
  });
}

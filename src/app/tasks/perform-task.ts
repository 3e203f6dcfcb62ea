import { AppError, isAppError } from '../../errors/index.ts';
import { now, removeTree, sleep } from '../../io/index.ts';
import { type RunRecord, RunTask, terminalStatuses } from '../../schema/index.ts';
import {
  type BuildChange,
  type HeldTask,
  isDatabaseAway,
  type RunChange,
  type Workspace,
} from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { conductRun } from '../runs/execute-run.ts';
import { revealIn, withTexts } from '../runs/hidden-secrets.ts';
import { forgetFolder } from '../runs/kept-outputs.ts';
import type { RunPlan } from '../runs/run-plan.ts';
import { readSettings } from '../settings.ts';
import { performBuild } from './perform-build.ts';
import { openSecrets } from './sealed-secrets.ts';

/** Milliseconds between two signs of life. */
const beat = 10_000;

export interface Performance {
  /** The worker's name, for the records. */
  worker: string;
  /** Ends when the worker stops: what goes on is handed to the next. */
  stopping: AbortSignal;
}

/** Does what a task asks for, to the end of its record; what the task itself does wrong stands there. */
export async function performTask(app: App, held: HeldTask, { worker, stopping }: Performance): Promise<void> {
  const lost = new AbortController();
  const timer = setInterval(() => {
    held.renew().then(
      (isOurs) => {
        if (!isOurs) lost.abort(new AppError('BUSY', `another worker took over ${held.id}`));
      },
      // A database that does not answer for a moment: the next beat tries again.
      () => undefined,
    );
  }, beat);
  const handOver = AbortSignal.any([stopping, lost.signal]);
  let failure: unknown;
  try {
    await (held.kind === 'run' ? performRun : performBuild)(app, held, { worker, handOver });
  } catch (error) {
    failure = error;
  } finally {
    clearInterval(timer);
  }
  if (lost.signal.aborted) return;
  const isUndone = failure !== undefined && (stopping.aborted || isDatabaseAway(failure));
  await settle(stopping, async () => await (isUndone ? giveBack(app, held) : endTask(app, held, failure)));
  if (!isUndone && failure !== undefined && !isAppError(failure)) throw failure;
}

/** Tries of a worker that stops, a second apart: whoever sees that it is gone goes on with what it had. */
const lastTries = 10;

/** Tries as long as it takes: only the holder of a task can say what became of it, and as long as it lives nobody else takes it over. */
async function settle(stopping: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let last = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (stopping.aborted) last += 1;
      if (last === lastTries) throw error;
      await sleep(1000);
    }
  }
}

async function giveBack(app: App, held: HeldTask): Promise<void> {
  const workspace = await app.openWorkspace();
  if (held.kind === 'run') await noteStop(workspace, held.id);
  await markAsQueued(workspace, held);
  await held.giveBack();
}

const stopped = 'began anew: the worker before stopped';

/** In its record, because whoever goes on may be on another machine, without any trace of what was begun here. */
async function noteStop(workspace: Workspace, id: string): Promise<void> {
  const { startedAt, notes } = await workspace.runs.get(id);
  if (startedAt === null || notes.at(-1) === stopped) return;
  await change(workspace, { id, kind: 'run' }, { notes: [...notes, stopped] });
}

async function endTask(app: App, { id, kind }: HeldTask, failure: unknown): Promise<void> {
  const workspace = await app.openWorkspace();
  if (failure !== undefined) await markAsFailed(workspace, { id, kind }, factsOf(failure));
  await workspace.tasks.remove(id);
}

/** Says in its record that it waits again. */
export async function markAsQueued(workspace: Workspace, task: Pick<HeldTask, 'id' | 'kind'>): Promise<void> {
  await change(workspace, task, { status: 'Queued', worker: null, startedAt: null });
}

export async function markAsFailed(
  workspace: Workspace,
  task: Pick<HeldTask, 'id' | 'kind'>,
  error: NonNullable<RunRecord['error']>,
): Promise<void> {
  await change(workspace, task, { status: 'Failed', endedAt: now(), error });
}

/** Nothing if it has ended. */
async function change(
  { runs, builds }: Workspace,
  { id, kind }: Pick<HeldTask, 'id' | 'kind'>,
  values: RunChange & BuildChange,
): Promise<void> {
  try {
    await (kind === 'run' ? runs.update(id, values) : builds.update(id, values));
  } catch (error) {
    if (!isAppError(error, 'FINISHED')) throw error;
  }
}

function factsOf(error: unknown): NonNullable<RunRecord['error']> {
  if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

async function performRun(
  app: App,
  { id, request, attempt }: HeldTask,
  { worker, handOver }: { worker: string; handOver: AbortSignal },
): Promise<void> {
  const workspace = await app.openWorkspace();
  const { runs } = workspace;
  const record = await runs.get(id);
  if (terminalStatuses.has(record.status)) return;
  await runs.adopt(id);
  await runs.update(id, { status: 'Preparing', worker });
  const note = await clearAway(workspace, { id, attempt });
  const settings = await readSettings(app);
  const plan = await planOf(workspace, record, RunTask.parse(request));
  await conductRun(app, workspace, {
    plan: note === undefined ? plan : { ...plan, notes: [...plan.notes, note] },
    settings,
    id,
    handOver,
  });
  if (workspace.isSpread) await forgetFolder(workspace, id);
}

/**
 * What was begun before must not look like what begins now. Its log stays, and goes on. Answers what the record says of it, if somebody was lost: who
 * stops says so by himself.
 */
async function clearAway(
  { runFolder }: Workspace,
  { id, attempt }: Pick<HeldTask, 'id' | 'attempt'>,
): Promise<string | undefined> {
  const left = ['code', 'outputs'].map((each) => `${runFolder(id)}/${each}`);
  for (const each of left) await removeTree(each);
  return attempt > 1 ? `began anew (attempt ${attempt}): the worker before was lost` : undefined;
}

async function planOf(workspace: Workspace, record: RunRecord, task: RunTask): Promise<RunPlan> {
  const { environments, locks } = workspace;
  const version = await environments.byId(task.versionId);
  if (version === undefined)
    throw new AppError('ENVIRONMENT_NOT_FOUND', `the environment of the run ${record.id} is gone`);
  const { target, code, inputs, optionalInputs, outputs, variables, imageDigest, lockDigest, secrets } = task;
  const opened = secrets === null ? {} : openSecrets(secrets, await workspace.secretKey(), record.id);
  const plan: RunPlan = {
    id: record.id,
    version,
    target,
    imageDigest,
    locked: lockDigest === undefined ? undefined : await locks.byDigest(lockDigest),
    displayName: record.displayName ?? undefined,
    experimentName: record.experimentName ?? undefined,
    description: record.description ?? undefined,
    tags: record.tags,
    command: record.command,
    code,
    inputs,
    optionalInputs,
    outputs,
    variables,
    secrets: opened,
    timeout: record.timeout ?? undefined,
    replayOf: record.replayOf ?? undefined,
    notes: record.notes,
    onOutput: () => undefined,
  };
  return withTexts(plan, (text) => revealIn(text, opened));
}

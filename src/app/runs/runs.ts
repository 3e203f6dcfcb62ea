import { parseReference } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { pathExists, sleep } from '../../io/index.ts';
import { unsetInputs } from '../../jobs/index.ts';
import { type JobVariable, type RunRecord, terminalStatuses } from '../../schema/index.ts';
import { hashTree } from '../../snapshots/index.ts';
import { endProcessGroup, recordVariables } from '../../targets/index.ts';
import { orphanedScript, type Page, type TimedRequest, type Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { followLog } from '../tasks/follow-log.ts';
import { executeRun, type RunOutcome } from './execute-run.ts';
import type { OnOutput, RunPlan } from './run-plan.ts';

export async function listRuns(
  app: App,
  { environment, ...request }: TimedRequest & { status?: string; environment?: string },
): Promise<Page<RunRecord>> {
  const { runs } = await app.openWorkspace();
  await endOrphans(app);
  const wanted = environment === undefined ? undefined : parseReference(environment);
  return await runs.list({ ...request, environment: wanted });
}

export async function showRun(app: App, id: string): Promise<RunRecord> {
  const { runs } = await app.openWorkspace();
  await endOrphans(app);
  return await runs.get(id);
}

/** A server looks for lost runs from time to time, not with each of many requests. */
async function endOrphans(app: App): Promise<void> {
  if (app.remote !== true) await endLostRuns(app);
}

/** Ends the records of runs whose processes are gone. */
export async function endLostRuns(app: App): Promise<void> {
  const { runs } = await app.openWorkspace();
  for (const { id, status } of await runs.endOrphans())
    app.emit({ type: 'note', level: 'warning', message: `the run ${id} was cut off; it is marked as ${status}` });
}

export async function readLogs(app: App, id: string): Promise<Buffer> {
  return (await readLogPart(app, id, { from: 0, limit: Number.MAX_SAFE_INTEGER })).bytes;
}

/** A part of a run's log, and how many bytes there are by now. */
export async function readLogPart(
  app: App,
  id: string,
  part: { from: number; limit: number },
): Promise<{ bytes: Buffer; size: number }> {
  const { runs, logs } = await app.openWorkspace();
  const { id: full } = await runs.get(id);
  return await logs.read({ kind: 'run', id: full }, part);
}

/** Hands a run's log out, and with `follow` goes on until the run has ended. */
export async function followLogs(
  app: App,
  id: string,
  options: {
    follow: boolean;
    /** Bytes of the log to leave out. */
    from?: number;
    /** `end`: how many bytes of the log have been handed out with this chunk. */
    write(chunk: Uint8Array, end: number): Promise<void>;
  },
): Promise<void> {
  const { runs, logs } = await app.openWorkspace();
  const { id: full } = await runs.get(id);
  await followLog(
    logs,
    { kind: 'run', id: full },
    {
      from: options.from,
      write: options.write,
      signal: app.signal,
      isGrowing: async () => {
        if (!options.follow) return false;
        await endOrphans(app);
        return !terminalStatuses.has((await runs.get(full)).status);
      },
    },
  );
}

/** Asks a run to end and waits until it has. */
export async function cancelRun(app: App, id: string): Promise<RunRecord> {
  const { runs } = await app.openWorkspace();
  await endOrphans(app);
  const record = await runs.get(id);
  if (terminalStatuses.has(record.status))
    throw new AppError('FINISHED', `the run ${record.id} has ended already: ${record.status}`);
  await runs.requestCancel(record.id);
  for (;;) {
    await endOrphanedScript(app, record.id);
    await sleep(200, app.signal);
    await endOrphans(app);
    const current = await runs.get(record.id);
    if (terminalStatuses.has(current.status)) return current;
  }
}

/** A script without its driver has nobody else who would end it. */
async function endOrphanedScript(app: App, id: string): Promise<void> {
  const { runs } = await app.openWorkspace();
  const owner = await runs.owner(id);
  const script = owner === undefined ? undefined : orphanedScript(owner);
  if (script === undefined) return;
  await endProcessGroup({ pid: script.pid, startTime: script.startTime }, { graceMs: 2000, runId: id });
}

/** Repeats a run with the snapshot, lock and inputs of its record. */
export async function replayRun(app: App, id: string, options: { onOutput: OnOutput }): Promise<RunOutcome> {
  return await executeRun(app, await planReplay(app, id, options));
}

/** The plan of a run that repeats another one. */
export async function planReplay(app: App, id: string, options: { onOutput: OnOutput }): Promise<RunPlan> {
  const workspace = await app.openWorkspace();
  const record = await workspace.runs.get(id);
  const { environment } = record;
  const version = await workspace.environments.get(environment.name, environment.version);
  if (version === undefined)
    throw new AppError(
      'ENVIRONMENT_NOT_FOUND',
      `the environment ${environment.name}:${environment.version} of the run ${record.id} is gone`,
    );
  const revision = record.lockDigest === null ? undefined : await workspace.locks.byDigest(record.lockDigest);
  if (record.lockDigest !== null && revision === undefined)
    throw new AppError('LOCK_NOT_FOUND', `the lock ${record.lockDigest} of the run ${record.id} is gone`);
  if (revision === undefined && version.definition.layer !== undefined) {
    throw new AppError(
      'LOCK_NOT_FOUND',
      `the run ${record.id} ended before it had a lock; there is nothing to repeat`,
      { hint: 'Submit its job again.' },
    );
  }
  const notes = await changedInputs(record);
  for (const message of notes) app.emit({ type: 'note', level: 'warning', message });
  return {
    version,
    target: record.target === 'docker' ? { kind: 'docker', args: [] } : { kind: 'local' },
    imageDigest: record.target === 'docker' ? (record.imageDigest ?? undefined) : undefined,
    locked: revision,
    displayName: record.displayName ?? undefined,
    experimentName: record.experimentName ?? undefined,
    description: record.description ?? undefined,
    tags: record.tags,
    command: record.command,
    code: codeOf(record),
    inputs: Object.fromEntries(
      Object.entries(record.inputs).map(([name, { type, value }]) => [
        name,
        type === 'literal'
          ? { kind: 'literal' as const, value }
          : { kind: 'path' as const, type: type as 'uri_file', path: String(value) },
      ]),
    ),
    optionalInputs: typeof record.command === 'string' ? unsetInputs(record.command, Object.keys(record.inputs)) : [],
    outputs: Object.fromEntries(
      Object.entries(record.outputs).map(([name, { type }]) => [name, { type: type as 'uri_folder' }]),
    ),
    variables: await variablesOf(app, workspace, record),
    timeout: record.timeout ?? undefined,
    replayOf: record.id,
    notes: [...record.notes.filter((note) => note.includes('not part of a local run')), ...notes],
    onOutput: options.onOutput,
  };
}

function codeOf(record: RunRecord): RunPlan['code'] {
  if (record.snapshot !== null) return { kind: 'stored', snapshot: record.snapshot };
  const why = record.notes.find((note) => note.startsWith('no snapshot was taken'));
  if (why === undefined) return { kind: 'none' };
  throw new AppError('FILE_NOT_FOUND', `the run ${record.id} has no snapshot of its code, so it cannot be repeated`, {
    hint: why,
  });
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

/** Secrets are on record only as hashes: they come from the caller's environment again, and it is said if they are others. */
async function variablesOf(app: App, workspace: Workspace, record: RunRecord): Promise<Record<string, JobVariable>> {
  const variables: Record<string, JobVariable> = {};
  const key = await workspace.secretKey();
  for (const [name, value] of Object.entries(record.environmentVariables)) {
    if (typeof value === 'string') {
      variables[name] = { kind: 'literal', value };
      continue;
    }
    const from = value.from ?? name;
    const current = app.env[from];
    if (current !== undefined) {
      const hash = recordVariables({ [name]: current }, { secretKey: key, isSecret: () => true })[name];
      if (typeof hash === 'object' && hash.secret !== value.secret)
        app.emit({
          type: 'note',
          level: 'warning',
          message: `the secret \`${from}\` is another one than in the run ${record.id}`,
        });
    }
    variables[name] = { kind: 'secret', variable: from };
  }
  return variables;
}

/** Asks a run to end, and does not wait for it. */
export async function askToCancel(app: App, id: string): Promise<RunRecord> {
  const { runs } = await app.openWorkspace();
  const record = await runs.get(id);
  if (terminalStatuses.has(record.status))
    throw new AppError('FINISHED', `the run ${record.id} has ended already: ${record.status}`);
  await runs.requestCancel(record.id);
  return await runs.get(record.id);
}

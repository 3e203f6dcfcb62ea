import { parseReference } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import { type RunRecord, terminalStatuses } from '../../schema/index.ts';
import { endProcessGroup } from '../../targets/index.ts';
import { orphanedScript, type Page, type TimedRequest } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { followLog } from '../tasks/follow-log.ts';
import { executeRun, type RunOutcome } from './execute-run.ts';
import { planReplay } from './plan-replay.ts';
import type { OnOutput } from './run-plan.ts';

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

/** Asks a run to end, and does not wait for it. */
export async function askToCancel(app: App, id: string): Promise<RunRecord> {
  const { runs } = await app.openWorkspace();
  const record = await runs.get(id);
  if (terminalStatuses.has(record.status))
    throw new AppError('FINISHED', `the run ${record.id} has ended already: ${record.status}`);
  await runs.requestCancel(record.id);
  return await runs.get(record.id);
}

import { hostname } from 'node:os';
import { AppError, isAppError } from '../../errors/index.ts';
import { currentPlatform, now, sleep } from '../../io/index.ts';
import type { WorkerRecord } from '../../schema/index.ts';
import type { HeldTask } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { actFor } from '../team/act-for.ts';
import { markAsFailed, markAsQueued, performTask } from './perform-task.ts';

export interface WorkerOptions {
  /** As jobs name it; the machine's, if none is given. */
  name?: string;
  /** How many tasks at once. */
  parallel: number;
  /** Take only what names this worker. */
  onlyNamed?: boolean;
  /** Nobody can send anything to it by name, and it takes only what it was told of: for a process that works for itself. */
  own?: ReadonlySet<string>;
}

/** Takes runs and builds from the workspace's queue, and does them in this process. */
export interface Worker {
  name: string;
  /** There may be something to do: no need to wait for the next look. */
  wake(): void;
  /** Ends what goes on; it waits for the next worker. */
  stop(): Promise<void>;
}

/** Milliseconds between two looks for work that another process added. */
const poll = 500;
/** Milliseconds between two signs of life, and between two looks for workers that gave none. */
const beat = 10_000;
/** What was begun so often, and lost its worker each time, may be the reason. */
const mostAttempts = 3;

/** @throws AppError ALREADY_EXISTS if a worker of that name is at work. */
export async function startWorker(app: App, options: WorkerOptions): Promise<Worker> {
  const workspace = await app.openWorkspace();
  const record = await enter(app, options);
  const { name } = record;
  const stopping = new AbortController();
  const going = new Set<Promise<void>>();
  let bell = Promise.withResolvers<void>();
  const wake = (): void => bell.resolve();
  const begin = (held: HeldTask): void => {
    const signal = new AbortController().signal;
    const actor = actFor(app, { user: held.createdBy, origin: `worker ${name}`, emit: app.emit, signal });
    const done = performTask(actor, held, { worker: name, stopping: stopping.signal })
      .catch((error: unknown) => warn(app, `${held.id} ended badly`, error))
      .finally(() => {
        going.delete(done);
        wake();
      });
    going.add(done);
  };
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      bell = Promise.withResolvers<void>();
      const held = going.size < options.parallel ? await claim() : undefined;
      if (held !== undefined) begin(held);
      else await Promise.race([bell.promise, sleep(poll, stopping.signal).catch(() => undefined)]);
    }
  };
  const claim = async (): Promise<HeldTask | undefined> => {
    if (options.own?.size === 0) return undefined;
    try {
      return await workspace.tasks.claim({ worker: name, onlyNamed: options.onlyNamed, ids: options.own });
    } catch (error) {
      warn(app, 'the queue cannot be read', error);
      await sleep(1000, stopping.signal).catch(() => undefined);
      return undefined;
    }
  };
  const working = work();
  const timer = setInterval(() => {
    const signs =
      options.own === undefined ? workspace.workers.renew({ ...record, going: going.size }) : Promise.resolve();
    signs.then(async () => await returnLostTasks(app)).catch(() => undefined);
  }, beat);
  return {
    name,
    wake,
    stop: async () => {
      clearInterval(timer);
      stopping.abort(new AppError('CANCELED', 'the worker stopped'));
      await working;
      await Promise.all(going);
      if (options.own === undefined) await workspace.workers.leave(name).catch(() => undefined);
    },
  };
}

/** Who works for itself alone is not listed. */
async function enter(app: App, { name, parallel, own }: WorkerOptions): Promise<WorkerRecord> {
  const { workers } = await app.openWorkspace();
  const host = hostname();
  const base = name ?? (host.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-') || 'worker');
  const facts = {
    host,
    platform: currentPlatform() ?? null,
    parallel,
    going: 0,
    startedAt: now(),
    terroirVersion: app.version,
  };
  for (let number = 1; ; number += 1) {
    const record = { ...facts, name: number === 1 ? base : `${base}-${number}` };
    if (own !== undefined) return record;
    try {
      await workers.enter(record);
      return record;
    } catch (error) {
      // A second one on the same machine gets a number; a name that was asked for does not change.
      if (name !== undefined || !isAppError(error, 'ALREADY_EXISTS') || number === 100) throw error;
    }
  }
}

/** Lets wait again what lost its worker. */
export async function returnLostTasks(app: App): Promise<void> {
  const workspace = await app.openWorkspace();
  const { returned, givenUp } = await workspace.tasks.returnLost(mostAttempts);
  for (const task of returned) {
    await markAsQueued(workspace, task);
    app.emit({ type: 'note', level: 'warning', message: `the worker ${task.worker} was lost; ${task.id} waits again` });
  }
  for (const task of givenUp) {
    await markAsFailed(workspace, task, {
      code: 'RUN_LOST',
      message: `its worker was lost ${task.attempts} times, the last time ${task.worker}`,
      hint: 'It may use more memory than the machines have. Look at its log, then submit it again.',
    });
    await workspace.tasks.remove(task.id);
    app.emit({
      type: 'note',
      level: 'warning',
      message: `${task.id} lost its worker ${task.attempts} times; it is marked as Failed`,
    });
  }
}

function warn(app: App, what: string, error: unknown): void {
  app.emit({
    type: 'note',
    level: 'warning',
    message: `${what}: ${error instanceof Error ? error.message : String(error)}`,
  });
}

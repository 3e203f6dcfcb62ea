import { availableParallelism } from 'node:os';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../../errors/index.ts';
import type { LayerEntry } from './layer-recipe.ts';
import type { LayerFacts } from './layer-writer.ts';
import type { LayerRequest } from './make-layer.ts';

export type LayerTask =
  | { kind: 'begin'; request: LayerRequest }
  | { kind: 'finish'; file: string; entries: readonly LayerEntry[] }
  | { kind: 'drop'; file: string }
  | { kind: 'make'; request: LayerRequest; entries: readonly LayerEntry[] };

export interface LayerAnswer {
  facts?: LayerFacts;
  failure?: { code: ErrorCode; message: string; hint: string | undefined };
}

/** A layer whose parts are written, in a thread that waits for the rest. One of the two has to be called. */
export interface LayerDraft {
  finish(entries: readonly LayerEntry[]): Promise<LayerFacts>;
  drop(): Promise<void>;
}

/** Threads that make layers: as many at a time as there are threads, the heaviest first. They go when there is nothing left to do. */
export interface LayerPool {
  /** Writes what is known before the plan is. `weight`: about how many bytes. */
  begin(request: LayerRequest, weight: number): Promise<LayerDraft>;
  make(request: LayerRequest, entries: readonly LayerEntry[], weight: number): Promise<LayerFacts>;
  close(): Promise<void>;
}

interface Job {
  task: LayerTask;
  weight: number;
  resolve(result: { facts: LayerFacts | undefined; thread: Thread }): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  /** What only this thread can do; before all else. */
  own: Job[];
  current: Job | undefined;
}

export function createLayerPool(threads = Math.min(availableParallelism(), 8)): LayerPool {
  const running: Thread[] = [];
  const waiting: Job[] = [];

  const start = (): Thread => {
    const worker = new Worker(workerUrl(), { env: SHARE_ENV, execArgv: [], stdin: false });
    const thread: Thread = { worker, own: [], current: undefined };
    worker.on('message', ({ facts, failure }: LayerAnswer) => {
      const job = thread.current;
      thread.current = undefined;
      if (failure === undefined) job?.resolve({ facts, thread });
      else job?.reject(new AppError(failure.code, failure.message, { hint: failure.hint }));
      next(thread);
    });
    worker.on('error', (error) => {
      running.splice(running.indexOf(thread), 1);
      for (const job of [thread.current, ...thread.own]) job?.reject(error);
      pump();
    });
    running.push(thread);
    return thread;
  };
  const next = (thread: Thread): void => {
    const job = thread.own.shift() ?? takeHeaviest(waiting);
    // A thread without work does not keep the process.
    if (job === undefined) return thread.worker.unref();
    thread.worker.ref();
    thread.current = job;
    thread.worker.postMessage(job.task);
  };
  const pump = (): void => {
    while (waiting.length > 0) {
      const thread =
        running.find(({ current }) => current === undefined) ?? (running.length < threads ? start() : undefined);
      if (thread === undefined) return;
      next(thread);
    }
  };
  const perform = async (task: LayerTask, weight: number): Promise<{ facts: LayerFacts | undefined; thread: Thread }> =>
    await new Promise((resolve, reject) => {
      waiting.push({ task, weight, resolve, reject });
      pump();
    });
  const performIn = async (thread: Thread, task: LayerTask): Promise<LayerFacts | undefined> =>
    await new Promise((resolve, reject) => {
      thread.own.push({ task, weight: 0, resolve: ({ facts }) => resolve(facts), reject });
      if (thread.current === undefined) next(thread);
    });

  return {
    begin: async (request, weight) => {
      const { thread } = await perform({ kind: 'begin', request }, weight);
      const { file } = request;
      return {
        finish: async (entries) => (await performIn(thread, { kind: 'finish', file, entries })) as LayerFacts,
        drop: async () => {
          await performIn(thread, { kind: 'drop', file });
        },
      };
    },
    make: async (request, entries, weight) =>
      (await perform({ kind: 'make', request, entries }, weight)).facts as LayerFacts,
    close: async () => {
      await Promise.all(running.splice(0).map(async ({ worker }) => await worker.terminate()));
    },
  };
}

function takeHeaviest(waiting: Job[]): Job | undefined {
  let best = 0;
  for (let index = 1; index < waiting.length; index += 1)
    if ((waiting[index] as Job).weight > (waiting[best] as Job).weight) best = index;
  return waiting.splice(best, 1)[0];
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './layer-worker.ts' : './layer-worker.js', import.meta.url);
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../errors/index.ts';
import type { UnpackRequest } from './unpack-request.ts';
import type { Chunk, ChunkResult } from './unpack-wheel.ts';

export type UnpackTask =
  | { kind: 'conda'; request: UnpackRequest }
  | { kind: 'open'; request: UnpackRequest }
  | { kind: 'chunk'; request: UnpackRequest; chunk: Chunk }
  | { kind: 'finish'; request: UnpackRequest; chunks: ChunkResult[] };

export type UnpackResult =
  | { kind: 'finished' }
  | { kind: 'chunks'; chunks: Chunk[] }
  | { kind: 'chunk'; chunk: ChunkResult };

export interface UnpackAnswer {
  result?: UnpackResult;
  failure?: { code: ErrorCode; message: string; hint: string | undefined };
}

/**
 * Hands unpacking to worker threads: conda packages and small wheels whole, large wheels in pieces, so that a single one keeps all of them busy. They start
 * with the first task; the process can end when they have nothing to do.
 */
export interface UnpackPool {
  /** Each fills the request's folder. */
  unpackWheel(request: UnpackRequest, archiveSize: number): Promise<void>;
  unpackConda(request: UnpackRequest, archiveSize: number): Promise<void>;
}

interface Job {
  task: UnpackTask;
  /** The heaviest goes first: what takes long must not be left alone at the end. */
  weight: number;
  resolve(result: UnpackResult): void;
  reject(error: unknown): void;
}

export function createUnpackPool(threads = Math.min(availableParallelism(), 8)): UnpackPool {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  let started = 0;

  const next = (worker: Worker): void => {
    const job = takeHeaviest(waiting);
    if (job === undefined) {
      idle.push(worker);
      // A short while, so that a second wave finds it; then the process can end.
      worker.unref();
      return;
    }
    worker.ref();
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = ({ result, failure }: UnpackAnswer): void => {
      settle();
      if (result !== undefined) job.resolve(result);
      else
        job.reject(
          failure === undefined
            ? new Error('the unpacking thread answered nothing')
            : new AppError(failure.code, failure.message, { hint: failure.hint }),
        );
      next(worker);
    };
    const onError = (error: unknown): void => {
      settle();
      started -= 1;
      job.reject(error);
      pump();
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(job.task);
  };
  const pump = (): void => {
    while (waiting.length > 0) {
      const worker = idle.pop() ?? (started < threads ? start() : undefined);
      if (worker === undefined) return;
      next(worker);
    }
  };
  const start = (): Worker => {
    started += 1;
    return new Worker(workerUrl());
  };
  const perform = async (task: UnpackTask, weight: number): Promise<UnpackResult> =>
    await new Promise((resolve, reject) => {
      waiting.push({ task, weight, resolve, reject });
      pump();
    });

  return {
    unpackConda: async (request, archiveSize) => {
      await perform({ kind: 'conda', request }, archiveSize);
    },
    unpackWheel: async (request, archiveSize) => {
      const opened = await perform({ kind: 'open', request }, archiveSize);
      if (opened.kind !== 'chunks') return;
      let failed = false;
      const pieces = opened.chunks.map(async (chunk) => {
        const result = await perform({ kind: 'chunk', request, chunk }, chunk.weight).catch((error: unknown) => {
          if (!failed) dropTasks(waiting, request);
          failed = true;
          throw error;
        });
        return result.kind === 'chunk' ? [result.chunk] : [];
      });
      // All of them, also after a failure: nobody may write into the folder when this returns.
      const results = await Promise.allSettled(pieces);
      const failure = results.find((result) => result.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      const chunks = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
      await perform({ kind: 'finish', request, chunks }, Number.POSITIVE_INFINITY);
    },
  };
}

function takeHeaviest(waiting: Job[]): Job | undefined {
  let best = 0;
  for (let index = 1; index < waiting.length; index += 1)
    if ((waiting[index] as Job).weight > (waiting[best] as Job).weight) best = index;
  return waiting.splice(best, 1)[0];
}

/** What has not begun of a wheel that failed need not begin. */
function dropTasks(waiting: Job[], request: UnpackRequest): void {
  for (const job of waiting.filter(({ task }) => task.request === request)) {
    waiting.splice(waiting.indexOf(job), 1);
    job.reject(new Error('another part of the wheel failed'));
  }
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './unpack-worker.ts' : './unpack-worker.js', import.meta.url);
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../errors/index.ts';
import type { UnpackedWheel } from './unpacked-wheel.ts';

export interface UnpackRequest {
  archive: string;
  folder: string;
  sha256: string;
  filename: string;
}

export interface UnpackAnswer {
  wheel?: UnpackedWheel;
  failure?: { code: ErrorCode; message: string; hint: string | undefined };
}

/** Hands unpacking to worker threads. They start with the first request and end when there is nothing more to do. */
export interface UnpackPool {
  unpack(request: UnpackRequest): Promise<UnpackedWheel>;
}

interface Job {
  request: UnpackRequest;
  resolve(wheel: UnpackedWheel): void;
  reject(error: unknown): void;
}

export function createUnpackPool(threads = Math.min(availableParallelism(), 8)): UnpackPool {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  let started = 0;

  const next = (worker: Worker): void => {
    const job = waiting.shift();
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
    const onMessage = ({ wheel, failure }: UnpackAnswer): void => {
      settle();
      if (wheel !== undefined) job.resolve(wheel);
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
    worker.postMessage(job.request);
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

  return {
    unpack: async (request) =>
      await new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        pump();
      }),
  };
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './unpack-worker.ts' : './unpack-worker.js', import.meta.url);
}

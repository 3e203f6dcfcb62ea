import { Worker } from 'node:worker_threads';
import { interrupted } from './interrupted.ts';
import type { SolverAnswer, SolverInput } from './solver-input.ts';

/** What JavaScript in the thread may use, in MB; the solver's own memory has a limit of its own. */
const heap = 512;

/** A thread that solves once. */
export interface SolverThread {
  /** @throws AppError CANCELED as soon as the signal says so. */
  solve: (input: SolverInput) => Promise<SolverAnswer>;
  /** Ends it, whatever it does. */
  close: () => Promise<void>;
}

/** Starts the thread; it gets ready while others fetch what it will be asked. */
export function startSolverThread(signal?: AbortSignal): SolverThread {
  const worker = new Worker(workerUrl(), {
    resourceLimits: { maxOldGenerationSizeMb: heap },
    // Nothing of the machine's configuration, and nothing on the user's terminal.
    env: {},
    stdout: true,
    stderr: true,
  });
  const { promise, resolve } = Promise.withResolvers<SolverAnswer>();
  let words = '';
  // What the solver says of a panic, for whoever reports it.
  worker.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(0, 2000);
  });
  worker.on('message', resolve);
  worker.on('error', (error) => {
    const exhausted = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    resolve({ kind: 'died', exhausted, reason: error.message });
  });
  worker.on('exit', (code) => resolve({ kind: 'died', exhausted: false, reason: `it ended with ${code}` }));
  return {
    solve: async (input) => {
      const canceled = Promise.withResolvers<never>();
      const abort = (): void => canceled.reject(interrupted(signal));
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        const bodies = input.channels.flatMap(({ subdirs }) => Object.values(subdirs));
        worker.postMessage(input, [...new Set(bodies.map(({ buffer }) => buffer as ArrayBuffer))]);
        const answer = await Promise.race([promise, canceled.promise]);
        return answer.kind === 'died' && words !== '' ? { ...answer, reason: words } : answer;
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './solve-worker.ts' : './solve-worker.js', import.meta.url);
}

import { availableParallelism } from 'node:os';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { LinkJob } from './link-units.ts';
import type { LinkAnswer } from './link-worker.ts';

/** A second pair of hands for linking. It takes a moment to start, so it is started before it is known what to link. */
export interface LinkThread {
  /** Answers what it rewrote. Rejects with the file system's error. */
  help(job: LinkJob): Promise<LinkAnswer['rewritten']>;
  stop(): void;
}

/** Undefined where there is one processor only. */
export function startLinkThread(): LinkThread | undefined {
  if (availableParallelism() < 2) return undefined;
  const worker = new Worker(workerUrl(), { env: SHARE_ENV, execArgv: [], stdin: false });
  worker.unref();
  // Until there is a job nobody listens; without one, a thread that cannot start is no misfortune.
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  failed.catch(() => undefined);
  return {
    help: async (job) => {
      worker.ref();
      const answered = new Promise<LinkAnswer>((resolve) => worker.once('message', resolve));
      worker.postMessage(job);
      const { failure, rewritten } = await Promise.race([answered, failed]);
      if (failure !== undefined)
        throw Object.assign(new Error(failure.message), { code: failure.code, path: failure.path });
      return rewritten;
    },
    stop: () => {
      void worker.terminate();
    },
  };
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './link-worker.ts' : './link-worker.js', import.meta.url);
}

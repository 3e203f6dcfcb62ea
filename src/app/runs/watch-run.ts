import { AppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import type { RunStore } from '../../workspace/index.ts';

export interface RunWatch {
  /** Ends when the caller's does, or when somebody asked for it in the workspace. */
  signal: AbortSignal;
  stop(): void;
}

export interface RunWatchOptions {
  /** The caller's. */
  signal: AbortSignal;
  /** Milliseconds between two looks for a cancel request. */
  cancelPoll?: number;
  /** Milliseconds between two signs of life. */
  heartbeat?: number;
}

/** What goes on beside a run until it has ended: signs of life for those who cannot see its driver, and a look for cancel requests. */
export function watchRun(
  runs: Pick<RunStore, 'isCancelRequested'> & Partial<Pick<RunStore, 'heartbeat'>>,
  id: string,
  options: RunWatchOptions,
): RunWatch {
  const { signal, cancelPoll = 500, heartbeat = 30_000 } = options;
  const controller = new AbortController();
  const stopped = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  repeat(cancelPoll, AbortSignal.any([stopped.signal, controller.signal]), async () => {
    if (await runs.isCancelRequested(id)) controller.abort(new AppError('CANCELED', `the run ${id} was canceled`));
  });
  if (runs.heartbeat !== undefined) repeat(heartbeat, stopped.signal, async () => await runs.heartbeat?.(id));
  return {
    signal: controller.signal,
    stop: () => {
      stopped.abort();
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/** A failure (a database that is busy, a disk that is full) is no reason to end a run, nor to stop trying. */
function repeat(interval: number, until: AbortSignal, work: () => Promise<void>): void {
  const loop = async (): Promise<void> => {
    while (!until.aborted) {
      await sleep(interval, until);
      await work().catch(() => undefined);
    }
  };
  loop().catch(() => undefined);
}

import { onEndingSignals } from '../../io/index.ts';
import type { StopLadder } from './stop-ladder.ts';

/** The longest time that a timer of Node can wait. */
const longestTimerMs = 2 ** 31 - 1;

export interface RunLimits {
  readonly timedOut: boolean;
  leave(): void;
}

/** Makes time-out, abort and the signals to this process climb the ladder. */
export function watchLimits(
  { timeout, signal }: { timeout?: number; signal?: AbortSignal },
  ladder: StopLadder,
): RunLimits {
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  const waitUntil = (deadline: number): void => {
    const rest = deadline - performance.now();
    timer = setTimeout(
      () => (rest > longestTimerMs ? waitUntil(deadline) : endOfTime()),
      Math.min(rest, longestTimerMs),
    );
  };
  const endOfTime = (): void => {
    timedOut ||= !ladder.used;
    ladder.climbFrom('SIGTERM');
  };
  const onAbort = (): void => {
    if (!namesSignal(signal?.reason)) ladder.climbFrom('SIGINT');
  };
  if (timeout !== undefined) waitUntil(performance.now() + timeout * 1000);
  const stopListening = onEndingSignals((name) =>
    name === 'SIGINT' ? ladder.interrupt() : ladder.climbFrom('SIGTERM'),
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    get timedOut() {
      return timedOut;
    },
    leave: () => {
      clearTimeout(timer);
      stopListening();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** Whoever turns a signal to this process into an abort says so in the reason's details; we got the same signal ourselves. */
function namesSignal(reason: unknown): boolean {
  return typeof (reason as { details?: { signal?: unknown } } | undefined)?.details?.signal === 'string';
}

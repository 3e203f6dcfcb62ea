import { AppError } from '../errors/index.ts';

/** Lets so many runs go on at once; the others wait, first come, first served. */
export interface RunQueue {
  /** Resolves when it is the caller's turn, with what ends it. Rejects when the signal ends. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** @throws AppError TOO_MANY_REQUESTS if no more may wait. */
  refuseIfFull(): void;
  state(): { going: number; waiting: number };
}

export function createRunQueue({ parallel, maximumWaiting }: { parallel: number; maximumWaiting: number }): RunQueue {
  let going = 0;
  const waiting = new Set<() => void>();
  /** The place goes to the first who waits: nobody else can take it in between. */
  const leave = (): void => {
    const [first] = waiting;
    if (first === undefined) going -= 1;
    else {
      waiting.delete(first);
      first();
    }
  };
  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (going < parallel) going += 1;
      else {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(resolve);
        try {
          await promise;
        } finally {
          waiting.delete(resolve);
          signal.removeEventListener('abort', onAbort);
        }
      }
      return leave;
    },
    refuseIfFull: () => {
      if (waiting.size < maximumWaiting) return;
      throw new AppError('TOO_MANY_REQUESTS', `${waiting.size} runs wait for their turn already`, {
        hint: 'Come again when some have ended.',
      });
    },
    state: () => ({ going, waiting: waiting.size }),
  };
}

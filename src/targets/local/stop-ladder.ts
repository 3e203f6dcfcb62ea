const rungs = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
type Rung = (typeof rungs)[number];

/** Ends something with ever harder signals. */
export interface StopLadder {
  /** The user pressed Ctrl-C: one rung up. After the first SIGINT it waits for the user, since a script may ask before it ends, or save. */
  interrupt(): void;
  /** Sends `rung`, and after each grace the next one. */
  climbFrom(rung: Rung): void;
  /** True once a signal was sent. */
  readonly used: boolean;
  /** It has ended: no more signals. */
  leave(): void;
}

export function createStopLadder({ send, graceMs }: { send: (signal: Rung) => void; graceMs: number }): StopLadder {
  let level = -1;
  let left = false;
  let timer: NodeJS.Timeout | undefined;
  const climbTo = (target: number, onItsOwn: boolean): void => {
    const rung = rungs[target];
    if (left || rung === undefined) return;
    if (target > level) {
      level = target;
      send(rung);
      clearTimeout(timer);
      timer = undefined;
    }
    if (onItsOwn && timer === undefined) timer = setTimeout(() => climbTo(level + 1, true), graceMs);
  };
  return {
    interrupt: () => climbTo(Math.min(level + 1, rungs.length - 1), level >= 0),
    climbFrom: (rung) => climbTo(rungs.indexOf(rung), true),
    get used() {
      return level >= 0;
    },
    leave: () => {
      left = true;
      clearTimeout(timer);
    },
  };
}

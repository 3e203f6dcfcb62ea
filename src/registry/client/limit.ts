/** Lets so many work at the same time; the others wait their turn. */
export interface Limit {
  run: <T>(work: () => Promise<T>) => Promise<T>;
  /** The same for a stream, which holds its place until it ends. */
  stream: <T>(open: () => AsyncIterable<T>) => AsyncIterable<T>;
}

export function createLimit(places: number): Limit {
  let free = places;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    run: async (work) => {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    stream: async function* (open) {
      await enter();
      try {
        yield* open();
      } finally {
        leave();
      }
    },
  };
}

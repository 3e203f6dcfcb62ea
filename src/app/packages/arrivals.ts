/** Tells those who wait for archives when each is there, while the rest still comes. */
export interface Arrivals {
  /** @throws what the fetching failed with. */
  wait(sha256: string): Promise<void>;
  arrived(sha256: string): void;
  /** Nothing more will come. */
  fail(error: unknown): void;
}

export function createArrivals(): Arrivals {
  const expected = new Map<string, PromiseWithResolvers<void>>();
  let failure: { error: unknown } | undefined;
  const of = (sha256: string): PromiseWithResolvers<void> => {
    const known = expected.get(sha256) ?? Promise.withResolvers<void>();
    // Who does not wait for it does not hear of its failure.
    known.promise.catch(() => undefined);
    if (failure !== undefined) known.reject(failure.error);
    expected.set(sha256, known);
    return known;
  };
  return {
    wait: async (sha256) => await of(sha256).promise,
    arrived: (sha256) => of(sha256).resolve(),
    fail: (error) => {
      failure = { error };
      for (const { reject } of expected.values()) reject(error);
    },
  };
}

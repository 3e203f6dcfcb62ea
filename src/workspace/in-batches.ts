/** So many at most in one batch. */
const largest = 200;

/** Makes one call of many that come while the one before goes on. Each caller gets the answer in their place. */
export function inBatches<T, R>(work: (batch: readonly T[]) => Promise<readonly R[]>): (item: T) => Promise<R> {
  let waiting: { item: T; answer: PromiseWithResolvers<R> }[] = [];
  let isGoingOn = false;
  const flush = async (): Promise<void> => {
    isGoingOn = true;
    while (waiting.length > 0) {
      // Those who have asked already shall be among them: what follows may be over before anybody else is heard.
      await new Promise(setImmediate);
      const batch = waiting.slice(0, largest);
      waiting = waiting.slice(largest);
      try {
        const results = await work(batch.map(({ item }) => item));
        for (const [index, { answer }] of batch.entries()) answer.resolve(results[index] as R);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    isGoingOn = false;
  };
  return async (item) => {
    const answer = Promise.withResolvers<R>();
    waiting.push({ item, answer });
    if (!isGoingOn) void flush();
    return await answer.promise;
  };
}

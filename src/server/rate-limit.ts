/** How often somebody may do something: a bucket for each that fills up steadily. */
export interface RateLimit {
  /** Takes one; answers 0, or the seconds until there is one again. */
  take(who: string): number;
  /** The same without taking. */
  wait(who: string): number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets of callers that were not seen for long are full, and need not be remembered. */
const mostBuckets = 10_000;

export function createRateLimit({ perSecond, burst }: { perSecond: number; burst: number }): RateLimit {
  const buckets = new Map<string, Bucket>();
  const look = (who: string): Bucket => {
    const now = performance.now();
    const bucket = buckets.get(who) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    return bucket;
  };
  const waitOf = ({ tokens }: Bucket): number => (tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perSecond));
  return {
    take: (who) => {
      const bucket = look(who);
      // Anew at the end: the first of the map is the one that was seen longest ago.
      buckets.delete(who);
      buckets.set(who, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > mostBuckets && oldest !== undefined) buckets.delete(oldest);
      const wait = waitOf(bucket);
      if (wait === 0) bucket.tokens -= 1;
      return wait;
    },
    wait: (who) => (buckets.has(who) ? waitOf(look(who)) : 0),
  };
}

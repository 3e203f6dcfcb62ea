/** Answers that a later try may change. */
export const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Milliseconds before the next try; `attempt` counts from 0. `Retry-After`, where the server says it, counts; at most half a minute is waited. */
export function retryDelay(attempt: number, retryAfter?: string): number {
  return parseRetryAfter(retryAfter) ?? 200 * 3 ** attempt + Math.random() * 100;
}

/** Seconds or a date. */
function parseRetryAfter(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const wanted = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), 30_000) : undefined;
}

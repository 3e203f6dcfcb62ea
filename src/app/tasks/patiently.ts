import { isAppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import { isDatabaseAway } from '../../workspace/index.ts';
import type { App } from '../app.ts';

/** Milliseconds that a database may be away until we give up: long enough for an update, or for somebody to come and start it. */
const longest = 30 * 60_000;
/** Milliseconds between two tries. */
const pause = 1000;

interface Patience {
  /** Whether an error means that what is needed is away; the database if not given. */
  isAway?: (error: unknown) => boolean;
  /** Ends the waiting: then the last error is thrown. */
  stop?: AbortSignal;
}

/** Does what may be done twice, again and again while the workspace's database is away: what a script made must not be lost with it. */
export async function patiently<T>(
  app: Pick<App, 'emit'>,
  what: string,
  work: () => Promise<T>,
  { isAway = isDatabaseAway, stop }: Patience = {},
): Promise<T> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || stop?.aborted === true || performance.now() - startedAt > longest) throw error;
      if (attempt === 1)
        app.emit({ type: 'note', level: 'warning', message: `${what} waits: ${(error as Error).message}` });
      await sleep(pause, stop).catch(() => undefined);
    }
  }
}

/** The same for contents, which may be in a registry: that one may be away, too. Ends with the app's signal. */
export async function patientlyKeep<T>(
  app: Pick<App, 'emit' | 'signal'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  return await patiently(app, what, work, { isAway: isPlaceAway, stop: app.signal });
}

function isPlaceAway(error: unknown): boolean {
  return isDatabaseAway(error) || isAppError(error, 'UNREACHABLE') || isAppError(error, 'TIMEOUT');
}

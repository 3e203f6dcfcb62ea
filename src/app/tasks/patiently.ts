import { isAppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import { isDatabaseAway } from '../../workspace/index.ts';
import type { App } from '../app.ts';

/** Milliseconds that a database may be away until we give up: long enough for an update, or for somebody to come and start it. */
const longest = 30 * 60_000;
/** Milliseconds between two tries. */
const pause = 1000;

/** Does what may be done twice, again and again while the workspace's database is away: what a script made must not be lost with it. */
export async function patiently<T>(app: Pick<App, 'emit'>, what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() - startedAt > longest) throw error;
      if (attempt === 1) tell(app, what, error);
      await sleep(pause);
    }
  }
}

/**
 * The same for what goes to where the workspace keeps its contents, which may be a registry: that one may be away, too. Whoever waits may give up with
 * the app's signal; then the last error is thrown.
 */
export async function patientlyKeep<T>(
  app: Pick<App, 'emit' | 'signal'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isAway = isDatabaseAway(error) || isAppError(error, 'UNREACHABLE') || isAppError(error, 'TIMEOUT');
      if (!isAway || app.signal.aborted || performance.now() - startedAt > longest) throw error;
      if (attempt === 1) tell(app, what, error);
      await sleep(pause, app.signal).catch(() => undefined);
    }
  }
}

function tell({ emit }: Pick<App, 'emit'>, what: string, error: unknown): void {
  emit({ type: 'note', level: 'warning', message: `${what} waits: ${(error as Error).message}` });
}

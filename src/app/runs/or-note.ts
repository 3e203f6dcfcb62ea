import { isAppError } from '../../errors/index.ts';
import type { App } from '../app.ts';

/** Does what is no reason for a run to fail: what goes wrong is told, and stands in its notes. Undefined then. */
export async function orNote<T>(
  { emit }: Pick<App, 'emit'>,
  { notes, problem }: { notes: string[]; problem: string },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    const message = `${problem}: ${error.message}`;
    emit({ type: 'note', level: 'warning', message });
    notes.push(message);
    return undefined;
  }
}

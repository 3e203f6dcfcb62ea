import type { App } from '../app.ts';

/** What a target may name besides `local` and `docker`: the workers that are at work. */
export async function workerNames(app: App): Promise<string[]> {
  const { workers } = await app.openWorkspace();
  return (await workers.list()).map(({ name }) => name);
}

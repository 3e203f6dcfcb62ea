import type * as useCases from '../app/index.ts';
import { readPlatform } from '../app/index.ts';
import { isAppError } from '../errors/index.ts';
import { step } from '../report/index.ts';
import type { Connection } from './connection.ts';
import type { Definitions } from './definitions.ts';
import { versionPath } from './paths.ts';

type LockResult = useCases.LockResult;

/** Locks: shown if they are there, made by the server if not. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createLockCalls({ api, emit }: Connection, { settle }: Definitions) {
  const show = async (path: string, revision?: string): Promise<LockResult> =>
    await api.json({ path, query: { revision } });
  const make = async (path: string, body: object): Promise<LockResult> =>
    await step(emit, `Locking on ${api.url}`, async () => await api.json({ method: 'POST', path, body, waits: true }));
  return {
    lockEnvironment: async (reference: string, request: useCases.LockRequest): Promise<LockResult> => {
      const { platform, relock, upgrade, dryRun, revision } = request;
      const path = `${versionPath(await settle(reference))}/locks/${readPlatform(platform)}`;
      if (revision !== undefined) return await show(path, revision);
      if (relock || dryRun || upgrade.length > 0) return await make(path, { relock, upgrade, dryRun });
      try {
        // Whoever may only read sees the lock that is there.
        return await show(path);
      } catch (error) {
        if (!isAppError(error, 'LOCK_NOT_FOUND')) throw error;
        return await make(path, {});
      }
    },
  };
}

import type { Platform } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { readPlatform } from '../platform.ts';
import type { EnsuredLock } from './ensure-lock.ts';

/** The lock of a version: the one it is bound to, else it is resolved now. What resolves is loaded only then. */
export async function lockOf(
  app: App,
  version: EnvironmentVersion,
  platform: Platform = readPlatform(undefined),
): Promise<EnsuredLock> {
  const workspace = await app.openWorkspace();
  const bound = await workspace.locks.bind(version.id, version.fingerprint, platform);
  if (bound !== undefined) return { ...bound, outcome: 'cached' };
  const { ensureLock } = await import('./ensure-lock.ts');
  return await ensureLock(app, version, platform);
}

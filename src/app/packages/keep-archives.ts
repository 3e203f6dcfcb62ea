import { inParallel } from '../../io/index.ts';
import { step } from '../../report/index.ts';
import type { Lock, LockedPackage } from '../../schema/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { patiently, patientlyKeep } from '../tasks/patiently.ts';

const parallel = 4;

/**
 * The workspace keeps every archive that a completed run used, so that a replay does not depend on what an index still has. What it is kept for is
 * told while it waits. `keep_archives: false` in its settings turns that off.
 */
export async function keepArchives(app: App, lock: Lock, what: string): Promise<void> {
  const { locks, isSpread } = await app.openWorkspace();
  const kept = new Set(await patiently(app, what, async () => await locks.keptArchives(lock.digest)));
  const missing = lock.packages.filter(({ sha256 }) => !kept.has(sha256));
  if (missing.length === 0) return;
  const keep = async (): Promise<void> =>
    await patientlyKeep(app, what, async () => await keepAll(app, lock.digest, missing));
  // In a folder it takes no time.
  await (isSpread ? step(app.emit, 'Keeping what the run used', keep) : keep());
}

async function keepAll(app: App, lockDigest: string, packages: readonly LockedPackage[]): Promise<void> {
  const { locks, blobs } = await app.openWorkspace();
  const kept = await inParallel(packages, parallel, async (each) => ((await keepOne(app, blobs, each)) ? [each] : []));
  await locks.keepArchives(lockDigest, kept.flat());
}

/**
 * False where neither this machine nor the workspace has it, as after a run in an image that came from a registry: the next run that fetches it keeps
 * it.
 */
async function keepOne({ store }: App, blobs: Workspace['blobs'], { sha256 }: LockedPackage): Promise<boolean> {
  if (!(await store.hasArchive(sha256))) return (await blobs.size(sha256)) !== undefined;
  await blobs.putFile(store.archivePath(sha256), { link: true, digest: sha256 });
  return true;
}

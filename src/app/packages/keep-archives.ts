import { inParallel } from '../../io/index.ts';
import { step } from '../../report/index.ts';
import type { Lock } from '../../schema/index.ts';
import type { App } from '../app.ts';

const parallel = 4;

/**
 * The workspace keeps every archive that a completed run used, so that a replay does not depend on what an index still has.
 * `keep_archives: false` in its settings turns that off.
 */
export async function keepArchives(app: App, lock: Lock): Promise<void> {
  const { locks, blobs, isSpread } = await app.openWorkspace();
  const kept = new Set(await locks.keptArchives(lock.digest));
  const missing = lock.packages.filter(({ sha256 }) => !kept.has(sha256));
  const keep = async (): Promise<unknown> =>
    await inParallel(missing, parallel, async ({ sha256 }) => {
      if (await app.store.hasArchive(sha256))
        await blobs.putFile(app.store.archivePath(sha256), { link: true, digest: sha256 });
    });
  // In a folder it takes no time.
  await (isSpread && missing.length > 0 ? step(app.emit, 'Keeping what the run used', keep) : keep());
  await locks.keepArchives(lock.digest, missing);
}

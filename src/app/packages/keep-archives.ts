import type { Lock } from '../../schema/index.ts';
import type { App } from '../app.ts';

/**
 * The workspace keeps every archive that a completed run used, so that a replay does not depend on what an index still has.
 * `keep_archives: false` in its settings turns that off.
 */
export async function keepArchives(app: App, lock: Lock): Promise<void> {
  const { locks, blobs } = await app.openWorkspace();
  const kept = new Set(await locks.keptArchives(lock.digest));
  const missing = lock.packages.filter(({ sha256 }) => !kept.has(sha256));
  for (const { sha256 } of missing) {
    if (await app.store.hasArchive(sha256))
      await blobs.putFile(app.store.archivePath(sha256), { link: true, digest: sha256 });
  }
  await locks.keepArchives(lock.digest, missing);
}

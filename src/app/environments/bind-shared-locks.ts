import type { Lock, PlatformImage } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';

/** Brings locks into a workspace that may have them, and binds the version to the last one of each platform. */
export async function bindSharedLocks(
  { locks: store }: Workspace,
  { id, fingerprint }: EnvironmentVersion,
  locks: readonly Lock[],
): Promise<void> {
  for (const lock of locks) {
    const { platform, digest } = lock;
    const revisions = (await store.list(fingerprint)).filter((each) => each.platform === platform);
    const there = revisions.find((each) => each.lock.digest === digest);
    // Somebody may bring another one at this moment: then ours is the next revision.
    const first = revisions.length === 0 ? await store.addFirst(lock) : there;
    if (first?.lock.digest !== digest) await store.relock(lock, id);
    else if ((await store.bound(id, platform))?.revision !== first.revision)
      await store.moveTo(id, platform, first.revision);
  }
}

/** Revisions of a lock are counted anew in each workspace. */
export async function withRevisionsOf(
  { locks }: Workspace,
  { fingerprint }: EnvironmentVersion,
  platforms: readonly PlatformImage[],
): Promise<PlatformImage[]> {
  const known = await locks.list(fingerprint);
  return platforms.map((image) => {
    const lock = known.find((each) => each.platform === image.platform && each.lock.digest === image.lockDigest);
    return { ...image, lockRevision: lock?.revision ?? image.lockRevision };
  });
}

import type { ImageRevision, Lock } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';

/** The locks that a version is bound to, after those that its image was made of. */
export async function locksToShare(
  { locks: store }: Workspace,
  { id, fingerprint }: EnvironmentVersion,
  image: ImageRevision | undefined,
): Promise<Lock[]> {
  const all = await store.list(fingerprint);
  const bound: Lock[] = [];
  for (const platform of new Set(all.map((each) => each.platform))) {
    const revision = (await store.bound(id, platform)) ?? (await store.latest(fingerprint, platform));
    if (revision !== undefined) bound.push(revision.lock);
  }
  const digests = new Set(bound.map(({ digest }) => digest));
  const ofImage = new Set(image?.platforms.map(({ lockDigest }) => lockDigest));
  const others = all.filter(({ lock: { digest } }) => ofImage.has(digest) && !digests.has(digest));
  return [...others.map(({ lock }) => lock), ...bound];
}

/** Of each platform the one that the version is bound to. */
export function lastLocks(locks: readonly Lock[]): Lock[] {
  return [...new Map(locks.map((lock) => [lock.platform, lock])).values()];
}

import type { LockedPackage, Platform } from '../../schema/index.ts';
import { readWheelLicense } from '../../store/index.ts';
import type { App } from '../app.ts';
import { findLock } from './lock-environment.ts';

export interface PackageLicense {
  name: string;
  version: string;
  /** As the package says; null where it says nothing, or where its archive is not here. */
  license: string | null;
}

/** Licences by the digest of the archive: what it says never changes. */
const known = new Map<string, string | null>();
const mostKnown = 10_000;

/** The licence of each package of a lock. conda's channels tell it; a wheel says it itself, as soon as it was brought here. @throws AppError LOCK_NOT_FOUND. */
export async function listLicenses(
  app: App,
  reference: string,
  request: { platform: Platform; revision?: number },
): Promise<PackageLicense[]> {
  const { lock } = await findLock(app, reference, request);
  return await Promise.all(
    lock.packages.map(async (each) => ({
      name: each.name,
      version: each.version,
      license: each.kind === 'conda' ? (each.license ?? null) : await licenseOf(app, each),
    })),
  );
}

async function licenseOf(app: App, { sha256, filename }: LockedPackage): Promise<string | null> {
  const before = known.get(sha256);
  if (before !== undefined) return before;
  const { blobs } = await app.openWorkspace();
  const isInStore = await app.store.hasArchive(sha256);
  const archive = isInStore ? app.store.archivePath(sha256) : await blobs.find(sha256, { here: true });
  if (archive === undefined) return null;
  // What is damaged is said by whoever installs it.
  const license = (await readWheelLicense(archive, filename).catch(() => undefined)) ?? null;
  if (known.size >= mostKnown) known.clear();
  known.set(sha256, license);
  return license;
}

import { diffLocks, type LockDiff } from '../../resolve/index.ts';
import type { Platform } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { findVersion } from '../environments/find-version.ts';
import { type DefinitionSource, readSource } from '../environments/read-source.ts';
import { registerAnonymous } from '../environments/register.ts';
import { readPlatform } from '../platform.ts';
import { ensureLock } from './ensure-lock.ts';

export interface LockPreview {
  platform: Platform;
  /** Its minor version; null where the lock has none. */
  python: string | null;
  packages: number;
  /** Each of them. */
  versions: { kind: 'conda' | 'pypi'; name: string; version: string }[];
  /** Bytes to fetch. */
  size: number;
  /** Null where there is no lock to compare with. */
  diff: LockDiff | null;
}

/** What a definition would be locked to, and what that moves against another version. Registering it later takes the same lock. */
export async function previewLock(
  app: App,
  source: DefinitionSource,
  options: { against?: string; platform?: string },
): Promise<LockPreview> {
  const platform = readPlatform(options.platform);
  const workspace = await app.openWorkspace();
  const version = await registerAnonymous(app, await readSource(app, source));
  // Nothing is installed for it, so nothing can move.
  if (version.definition.layer === undefined)
    return { platform, python: null, packages: 0, versions: [], size: 0, diff: null };
  const { lock } = await ensureLock(app, version, platform);
  const other = options.against === undefined ? undefined : await findVersion(workspace, options.against);
  const before = other === undefined ? undefined : await workspace.locks.bound(other.id, platform);
  return {
    platform,
    python: lock.python?.version ?? null,
    packages: lock.packages.length,
    versions: lock.packages.map(({ kind, name, version }) => ({ kind, name, version })),
    size: lock.packages.reduce((sum, { size }) => sum + size, 0),
    diff: before === undefined ? null : diffLocks(before.lock, lock),
  };
}

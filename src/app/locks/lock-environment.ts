import { AppError } from '../../errors/index.ts';
import {
  diffLocks,
  type ExportFormat,
  exportLock as exportDocument,
  exportFormats,
  type LockDiff,
} from '../../resolve/index.ts';
import type { Lock, Platform } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { readPlatform } from '../platform.ts';
import { ensureLock, relock } from './ensure-lock.ts';

export interface LockRequest {
  platform?: string;
  relock: boolean;
  upgrade: readonly string[];
  dryRun: boolean;
  /** The number of an earlier revision, to show it. */
  revision?: string;
}

export interface LockResult {
  /** "iris:3" */
  subject: string;
  lock: Lock;
  revision: number | null;
  outcome: 'cached' | 'resolved' | 'relocked' | 'dry-run';
  /** Of a relock: what moves. */
  diff?: LockDiff;
  stay: string[];
  /** Of a relock that moves Python: the minor version before. */
  pythonBefore?: string;
}

/** Shows the lock of a version, makes it if there is none, or moves it. */
export async function lockEnvironment(app: App, reference: string, request: LockRequest): Promise<LockResult> {
  if (!request.relock && (request.dryRun || request.upgrade.length > 0)) {
    throw new AppError('USAGE', `${request.dryRun ? '--dry-run' : '--upgrade'} goes with --relock`, {
      hint: 'A lock that is there does not move without --relock.',
    });
  }
  const platform = readPlatform(request.platform);
  const version = await findOrRegister(app, reference);
  const subject = `${version.name}:${version.version}`;
  if (request.revision !== undefined) {
    const workspace = await app.openWorkspace();
    const found = await workspace.locks.get(version.fingerprint, platform, Number(request.revision));
    if (found === undefined)
      throw new AppError('LOCK_NOT_FOUND', `${subject} has no lock revision ${request.revision} for ${platform}`);
    return { subject, lock: found.lock, revision: found.revision, outcome: 'cached', stay: [] };
  }
  if (!request.relock) {
    const { lock, revision, outcome } = await ensureLock(app, version, platform);
    return { subject, lock, revision, outcome, stay: [] };
  }
  const moved = await relock(app, version, platform, request);
  return {
    subject,
    lock: moved.lock,
    revision: moved.revision,
    outcome: request.dryRun ? 'dry-run' : 'relocked',
    diff: diffLocks(moved.before?.lock, moved.lock),
    stay: moved.stay,
    pythonBefore:
      moved.before?.lock.python?.version === moved.lock.python?.version
        ? undefined
        : moved.before?.lock.python?.version,
  };
}

/** A lock that is there; nothing is resolved. @throws AppError LOCK_NOT_FOUND. */
export async function findLock(
  app: App,
  reference: string,
  { platform, revision }: { platform: Platform; revision?: number },
): Promise<LockResult> {
  const { locks } = await app.openWorkspace();
  const version = await findOrRegister(app, reference);
  const subject = `${version.name}:${version.version}`;
  const found =
    revision === undefined
      ? await locks.bound(version.id, platform)
      : await locks.get(version.fingerprint, platform, revision);
  if (found !== undefined) return { subject, lock: found.lock, revision: found.revision, outcome: 'cached', stay: [] };
  const which = revision === undefined ? 'no lock' : `no lock revision ${revision}`;
  throw new AppError('LOCK_NOT_FOUND', `${subject} has ${which} for ${platform}`, {
    hint: revision === undefined ? `Make it: \`terroir env lock ${subject} --platform ${platform}\`.` : undefined,
  });
}

export function exportLock(lock: Lock, format: string): string {
  const known = exportFormats.find((each) => each === format);
  if (known === undefined)
    throw new AppError('USAGE', `there is no format \`${format}\``, { hint: `Allowed: ${exportFormats.join(', ')}.` });
  return exportDocument(lock, known satisfies ExportFormat);
}

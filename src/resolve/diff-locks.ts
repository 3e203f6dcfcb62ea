import { compareVersions, parseVersion } from '../requirements/index.ts';
import type { Lock, LockedPackage } from '../schema/index.ts';

export interface LockDiff {
  added: { name: string; version: string }[];
  removed: { name: string; version: string }[];
  changed: { name: string; from: string; to: string; direction: 'up' | 'down' | 'rebuilt' }[];
}

/** What moves from one lock to the other, sorted by name. */
export function diffLocks(from: Lock | undefined, to: Lock | undefined): LockDiff {
  const before = byName(from);
  const after = byName(to);
  const diff: LockDiff = { added: [], removed: [], changed: [] };
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, next] = [before.get(key), after.get(key)];
    const name = nameOf(key);
    if (old === undefined && next !== undefined) diff.added.push({ name, version: next.version });
    else if (next === undefined && old !== undefined) diff.removed.push({ name, version: old.version });
    else if (old !== undefined && next !== undefined && (old.version !== next.version || old.sha256 !== next.sha256)) {
      diff.changed.push({
        name,
        from: old.version,
        to: next.version,
        direction: directionOf(old.version, next.version),
      });
    }
  }
  return diff;
}

/** A conda package and one from PyPI may share a name without being the same thing. */
function byName(lock: Lock | undefined): Map<string, LockedPackage> {
  return new Map(lock?.packages.map((each) => [`${each.name} ${each.kind}`, each]));
}

function nameOf(key: string): string {
  return key.slice(0, key.lastIndexOf(' '));
}

function directionOf(from: string, to: string): 'up' | 'down' | 'rebuilt' {
  if (from === to) return 'rebuilt';
  const [a, b] = [parseVersion(from), parseVersion(to)];
  // conda packages have versions that Python does not know: `1.1.1w`.
  if (a === undefined || b === undefined) return from.localeCompare(to, 'en', { numeric: true }) < 0 ? 'up' : 'down';
  return compareVersions(a, b) < 0 ? 'up' : 'down';
}

import { AppError } from '../errors/index.ts';
import { canonicalJson, Lock, type Platform, sha256 } from '../schema/index.ts';

/** SHA-256 (hex) over the canonical JSON of everything but the digest itself. */
export function lockDigest(lock: Omit<Lock, 'digest'> & { digest?: string }): string {
  const { digest: _digest, ...content } = lock;
  return sha256(canonicalJson(content));
}

/** As a file: keys in a fixed order, each package a block of lines, so that a change touches only its own lines. */
export function serialiseLock(lock: Lock): string {
  const { inputs } = lock;
  const sorted = { ...inputs, virtualPackages: sortKeys(inputs.virtualPackages), tools: sortKeys(inputs.tools) };
  return `${JSON.stringify(Lock.parse({ ...lock, inputs: sorted }), undefined, 2)}\n`;
}

/** A schema orders what it names; names of tools and virtual packages it does not know. */
function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads a lock from outside. @throws AppError INVALID_LOCK for a wrong shape or digest, or another fingerprint or platform. */
export function checkLock(value: unknown, expected: { fingerprint?: string; platform?: Platform } = {}): Lock {
  const parsed = Lock.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError(
      'INVALID_LOCK',
      `the lock cannot be read: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
      { cause: parsed.error },
    );
  }
  const lock = parsed.data;
  if (lockDigest(lock) !== lock.digest)
    throw new AppError('INVALID_LOCK', 'the lock was changed: its digest is not that of its content', {
      hint: 'Locks are made by `terroir env lock`, not edited.',
    });
  for (const key of ['fingerprint', 'platform'] as const) {
    if (expected[key] !== undefined && expected[key] !== lock[key])
      throw new AppError('INVALID_LOCK', `the lock is for the ${key} ${lock[key]}, not ${expected[key]}`);
  }
  return lock;
}

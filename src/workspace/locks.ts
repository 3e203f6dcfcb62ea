import type { Selectable } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { Lock, type Platform } from '../schema/index.ts';
import { findBound, findFingerprint, writeBinding } from './lock-bindings.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import { type Connection, inTransaction } from './transaction.ts';

export interface LockRevision {
  fingerprint: string;
  platform: Platform;
  revision: number;
  lock: Lock;
  createdAt: string;
  createdBy: string;
}

export interface LockStore {
  /** Keeps the first lock of a fingerprint and platform. If somebody was faster, theirs is answered and ours is dropped. */
  addFirst(lock: Lock): Promise<LockRevision>;
  /**
   * Keeps a lock as the next revision (none if it is the newest one already), moves the version to it, and answers the ids of the versions with
   * the fingerprint that are bound to another one and stay there. Versions that are not bound yet get the newest at their first use.
   */
  relock(lock: Lock, versionId: number): Promise<{ revision: LockRevision; stay: number[] }>;
  get(fingerprint: string, platform: Platform, revision: number): Promise<LockRevision | undefined>;
  latest(fingerprint: string, platform: Platform): Promise<LockRevision | undefined>;
  byDigest(digest: string): Promise<LockRevision | undefined>;
  /** By platform and revision. */
  list(fingerprint: string): Promise<LockRevision[]>;
  bound(versionId: number, platform: Platform): Promise<LockRevision | undefined>;
  /** The revision of a version, bound now if it was not: the latest one. */
  bind(versionId: number, fingerprint: string, platform: Platform): Promise<LockRevision | undefined>;
  /** Moves a version to any revision of its fingerprint: the way back. @throws AppError LOCK_NOT_FOUND, ENVIRONMENT_NOT_FOUND. */
  moveTo(versionId: number, platform: Platform, revision: number): Promise<LockRevision>;
  all(): Promise<LockRevision[]>;
  /** Notes the archives of a lock that the workspace holds as blobs. */
  keepArchives(lockDigest: string, archives: readonly { sha256: string; size: number }[]): Promise<void>;
  keptArchives(lockDigest: string): Promise<string[]>;
  /** The digests of what is kept for any lock. */
  allKeptArchives(): Promise<Set<string>>;
}

/** Rows of one insert: both databases limit the parameters of a statement. */
const chunk = 1000;

export function createLockStore(database: Connection, user: string): LockStore {
  return {
    addFirst: (lock) =>
      inTransaction(
        database,
        async (transaction) =>
          (await findLatest(transaction, lock.fingerprint, lock.platform)) ??
          (await insert(transaction, lock, 1, user)),
      ),
    relock: (lock, versionId) =>
      inTransaction(database, (transaction) => relock(transaction, lock, { versionId, user })),
    get: (fingerprint, platform, revision) => findRevision(database, fingerprint, platform, revision),
    latest: (fingerprint, platform) => findLatest(database, fingerprint, platform),
    byDigest: async (digest) => {
      const query = database.selectFrom('lock_revisions').selectAll().where('digest', '=', digest);
      const row = await query.orderBy('revision').limit(1).executeTakeFirst();
      return row === undefined ? undefined : toRevision(row);
    },
    list: async (fingerprint) => {
      const query = database.selectFrom('lock_revisions').selectAll().where('fingerprint', '=', fingerprint);
      return (await query.orderBy('platform').orderBy('revision').execute()).map(toRevision);
    },
    bound: (versionId, platform) => findBoundRevision(database, versionId, platform),
    bind: async (versionId, fingerprint, platform) =>
      (await findBoundRevision(database, versionId, platform)) ??
      (await inTransaction(database, (transaction) => bind(transaction, versionId, fingerprint, platform))),
    moveTo: (versionId, platform, revision) =>
      inTransaction(database, (transaction) => moveTo(transaction, versionId, platform, revision)),
    all: async () => {
      const query = database.selectFrom('lock_revisions').selectAll();
      return (await query.orderBy('fingerprint').orderBy('platform').orderBy('revision').execute()).map(toRevision);
    },
    keepArchives: (lockDigest, archives) =>
      inTransaction(database, (transaction) => keepArchives(transaction, lockDigest, archives)),
    keptArchives: async (lockDigest) => {
      const query = database.selectFrom('kept_archives').select('sha256').where('lock_digest', '=', lockDigest);
      return (await query.orderBy('sha256').execute()).map(({ sha256 }) => sha256);
    },
    allKeptArchives: async () => {
      const rows = await database.selectFrom('kept_archives').select('sha256').distinct().execute();
      return new Set(rows.map(({ sha256 }) => sha256));
    },
  };
}

async function relock(
  transaction: Connection,
  lock: Lock,
  { versionId, user }: { versionId: number; user: string },
): Promise<{ revision: LockRevision; stay: number[] }> {
  const { fingerprint, platform } = lock;
  await requireFingerprint(transaction, versionId, fingerprint);
  const newest = await findLatest(transaction, fingerprint, platform);
  const revision =
    newest?.lock.digest === lock.digest ? newest : await insert(transaction, lock, (newest?.revision ?? 0) + 1, user);
  await writeBinding(transaction, versionId, platform, revision.revision);
  const others = await transaction
    .selectFrom('lock_bindings as b')
    .innerJoin('environment_versions as v', 'v.id', 'b.version_id')
    .select('b.version_id')
    .where('v.fingerprint', '=', fingerprint)
    .where('b.platform', '=', platform)
    .where('b.revision', '!=', revision.revision)
    .orderBy('b.version_id')
    .execute();
  return { revision, stay: others.map((row) => row.version_id) };
}

async function bind(
  transaction: Connection,
  versionId: number,
  fingerprint: string,
  platform: Platform,
): Promise<LockRevision | undefined> {
  // Somebody may have bound it since we looked.
  const bound = await findBoundRevision(transaction, versionId, platform);
  if (bound !== undefined) return bound;
  await requireFingerprint(transaction, versionId, fingerprint);
  const newest = await findLatest(transaction, fingerprint, platform);
  if (newest !== undefined) await writeBinding(transaction, versionId, platform, newest.revision);
  return newest;
}

async function moveTo(
  transaction: Connection,
  versionId: number,
  platform: Platform,
  number: number,
): Promise<LockRevision> {
  const fingerprint = await requireFingerprint(transaction, versionId);
  const revision = await findRevision(transaction, fingerprint, platform, number);
  if (revision === undefined) {
    throw new AppError('LOCK_NOT_FOUND', `there is no lock revision ${number} for ${platform}`, {
      hint: '`terroir env lock` shows the revisions that there are.',
    });
  }
  await writeBinding(transaction, versionId, platform, number);
  return revision;
}

/** The version's fingerprint. A lock of another one would be our own mistake. */
async function requireFingerprint(connection: Connection, versionId: number, expected?: string): Promise<string> {
  const fingerprint = await findFingerprint(connection, versionId);
  if (fingerprint === undefined) {
    throw new AppError('ENVIRONMENT_NOT_FOUND', 'the version is not in the workspace any more', {
      hint: 'It was deleted meanwhile; `terroir env list` shows what is there.',
    });
  }
  if (expected !== undefined && expected !== fingerprint) {
    throw new Error(`version ${versionId} has the fingerprint ${fingerprint}, not ${expected}`);
  }
  return fingerprint;
}

async function insert(transaction: Connection, lock: Lock, revision: number, user: string): Promise<LockRevision> {
  const { fingerprint, platform, digest } = lock;
  const createdAt = now();
  const row = { fingerprint, platform, revision, digest, lock: JSON.stringify(lock) };
  await transaction
    .insertInto('lock_revisions')
    .values({ ...row, created_at: createdAt, created_by: user })
    .execute();
  return { fingerprint, platform, revision, lock, createdAt, createdBy: user };
}

async function findRevision(
  connection: Connection,
  fingerprint: string,
  platform: Platform,
  revision: number,
): Promise<LockRevision | undefined> {
  const row = await connection
    .selectFrom('lock_revisions')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .where('platform', '=', platform)
    .where('revision', '=', revision)
    .executeTakeFirst();
  return row === undefined ? undefined : toRevision(row);
}

async function findLatest(
  connection: Connection,
  fingerprint: string,
  platform: Platform,
): Promise<LockRevision | undefined> {
  const row = await connection
    .selectFrom('lock_revisions')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .where('platform', '=', platform)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toRevision(row);
}

async function findBoundRevision(
  connection: Connection,
  versionId: number,
  platform: Platform,
): Promise<LockRevision | undefined> {
  const bound = await findBound(connection, versionId, platform);
  return bound === undefined ? undefined : await findRevision(connection, bound.fingerprint, platform, bound.revision);
}

async function keepArchives(
  transaction: Connection,
  lockDigest: string,
  archives: readonly { sha256: string; size: number }[],
): Promise<void> {
  const rows = archives.map(({ sha256, size }) => ({ lock_digest: lockDigest, sha256, size }));
  for (let start = 0; start < rows.length; start += chunk) {
    await transaction
      .insertInto('kept_archives')
      .values(rows.slice(start, start + chunk))
      .onConflict((conflict) => conflict.columns(['lock_digest', 'sha256']).doNothing())
      .execute();
  }
}

function toRevision(row: Selectable<Tables['lock_revisions']>): LockRevision {
  const { fingerprint, platform, revision } = row;
  return {
    fingerprint,
    platform,
    revision,
    lock: fromJson(Lock, row.lock, `lock revision ${revision} of ${fingerprint} for ${platform}`),
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

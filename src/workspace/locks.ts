import type { Kysely, Transaction } from 'kysely';
import { now } from '../io/index.ts';
import { Lock, type Platform } from '../schema/index.ts';
import type { Tables } from './tables.ts';

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
   * Keeps a lock as the next revision, moves the version and those that are not bound yet, and answers the ids of the versions with the
   * fingerprint that stay where they are.
   */
  relock(lock: Lock, versionId: number): Promise<{ revision: LockRevision; stay: number[] }>;
  get(fingerprint: string, platform: Platform, revision: number): Promise<LockRevision | undefined>;
  latest(fingerprint: string, platform: Platform): Promise<LockRevision | undefined>;
  byDigest(digest: string): Promise<LockRevision | undefined>;
  list(fingerprint: string): Promise<LockRevision[]>;
  bound(versionId: number, platform: Platform): Promise<LockRevision | undefined>;
  /** The revision of a version, bound now if it was not: the latest one. */
  bind(versionId: number, fingerprint: string, platform: Platform): Promise<LockRevision | undefined>;
  all(): Promise<LockRevision[]>;
  keepArchives(lockDigest: string, archives: readonly { sha256: string; size: number }[]): Promise<void>;
  keptArchives(lockDigest: string): Promise<string[]>;
}

type Connection = Kysely<Tables> | Transaction<Tables>;

export function createLockStore(database: Kysely<Tables>, user: string): LockStore {
  const get = async (connection: Connection, fingerprint: string, platform: Platform, revision: number): Promise<LockRevision | undefined> => {
    const row = await connection
      .selectFrom('lock_revisions')
      .selectAll()
      .where('fingerprint', '=', fingerprint)
      .where('platform', '=', platform)
      .where('revision', '=', revision)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  };
  const latest = async (connection: Connection, fingerprint: string, platform: Platform): Promise<LockRevision | undefined> => {
    const row = await connection
      .selectFrom('lock_revisions')
      .selectAll()
      .where('fingerprint', '=', fingerprint)
      .where('platform', '=', platform)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  };
  const insert = async (transaction: Transaction<Tables>, lock: Lock, revision: number): Promise<LockRevision> => {
    const { fingerprint, platform, digest } = lock;
    const createdAt = now();
    await transaction
      .insertInto('lock_revisions')
      .values({ fingerprint, platform, revision, digest, lock: JSON.stringify(lock), created_at: createdAt, created_by: user })
      .execute();
    return { fingerprint, platform, revision, lock, createdAt, createdBy: user };
  };
  const boundRevision = async (connection: Connection, versionId: number, platform: Platform): Promise<number | undefined> => {
    const row = await connection.selectFrom('lock_bindings').select('revision').where('version_id', '=', versionId).where('platform', '=', platform).executeTakeFirst();
    return row?.revision;
  };
  const fingerprintOf = async (connection: Connection, versionId: number): Promise<string | undefined> => {
    const row = await connection.selectFrom('environment_versions').select('fingerprint').where('id', '=', versionId).executeTakeFirst();
    return row?.fingerprint;
  };
  const bound = async (connection: Connection, versionId: number, platform: Platform): Promise<LockRevision | undefined> => {
    const revision = await boundRevision(connection, versionId, platform);
    const fingerprint = revision === undefined ? undefined : await fingerprintOf(connection, versionId);
    return revision === undefined || fingerprint === undefined ? undefined : await get(connection, fingerprint, platform, revision);
  };

  return {
    addFirst: async (lock) =>
      await database.transaction().execute(async (transaction) => (await latest(transaction, lock.fingerprint, lock.platform)) ?? (await insert(transaction, lock, 1))),
    relock: async (lock, versionId) =>
      await database.transaction().execute(async (transaction) => {
        const { fingerprint, platform } = lock;
        const before = await latest(transaction, fingerprint, platform);
        const revision = before?.lock.digest === lock.digest ? before : await insert(transaction, lock, (before?.revision ?? 0) + 1);
        await transaction
          .insertInto('lock_bindings')
          .values({ version_id: versionId, platform, revision: revision.revision })
          .onConflict((conflict) => conflict.columns(['version_id', 'platform']).doUpdateSet({ revision: revision.revision }))
          .execute();
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
      }),
    get: async (fingerprint, platform, revision) => await get(database, fingerprint, platform, revision),
    latest: async (fingerprint, platform) => await latest(database, fingerprint, platform),
    byDigest: async (digest) => {
      const row = await database.selectFrom('lock_revisions').selectAll().where('digest', '=', digest).orderBy('revision').limit(1).executeTakeFirst();
      return row === undefined ? undefined : fromRow(row);
    },
    list: async (fingerprint) => {
      const rows = await database.selectFrom('lock_revisions').selectAll().where('fingerprint', '=', fingerprint).orderBy('platform').orderBy('revision').execute();
      return rows.map(fromRow);
    },
    bound: async (versionId, platform) => await bound(database, versionId, platform),
    bind: async (versionId, fingerprint, platform) => {
      const there = await bound(database, versionId, platform);
      if (there !== undefined) return there;
      return await database.transaction().execute(async (transaction) => {
        const revision = (await bound(transaction, versionId, platform)) ?? (await latest(transaction, fingerprint, platform));
        if (revision === undefined) return undefined;
        await transaction
          .insertInto('lock_bindings')
          .values({ version_id: versionId, platform, revision: revision.revision })
          .onConflict((conflict) => conflict.columns(['version_id', 'platform']).doNothing())
          .execute();
        return revision;
      });
    },
    all: async () => (await database.selectFrom('lock_revisions').selectAll().execute()).map(fromRow),
    keepArchives: async (lockDigest, archives) => {
      if (archives.length === 0) return;
      await database
        .insertInto('kept_archives')
        .values(archives.map(({ sha256, size }) => ({ lock_digest: lockDigest, sha256, size })))
        .onConflict((conflict) => conflict.columns(['lock_digest', 'sha256']).doNothing())
        .execute();
    },
    keptArchives: async (lockDigest) => {
      const rows = await database.selectFrom('kept_archives').select('sha256').where('lock_digest', '=', lockDigest).execute();
      return rows.map(({ sha256 }) => sha256);
    },
  };
}

function fromRow(row: Tables['lock_revisions']): LockRevision {
  return {
    fingerprint: row.fingerprint,
    platform: row.platform as Platform,
    revision: row.revision,
    lock: Lock.parse(JSON.parse(row.lock)),
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

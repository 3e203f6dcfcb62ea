import type { Platform } from '../schema/index.ts';
import type { Connection } from './transaction.ts';

/** Which revision a version uses on a platform. */
export async function findBound(
  connection: Connection,
  versionId: number,
  platform: Platform,
): Promise<{ fingerprint: string; revision: number } | undefined> {
  return await connection
    .selectFrom('lock_bindings as b')
    .innerJoin('environment_versions as v', 'v.id', 'b.version_id')
    .select(['v.fingerprint', 'b.revision'])
    .where('b.version_id', '=', versionId)
    .where('b.platform', '=', platform)
    .executeTakeFirst();
}

export async function writeBinding(
  connection: Connection,
  versionId: number,
  platform: Platform,
  revision: number,
): Promise<void> {
  await connection
    .insertInto('lock_bindings')
    .values({ version_id: versionId, platform, revision })
    .onConflict((conflict) => conflict.columns(['version_id', 'platform']).doUpdateSet({ revision }))
    .execute();
}

export async function findFingerprint(connection: Connection, versionId: number): Promise<string | undefined> {
  const query = connection.selectFrom('environment_versions').select('fingerprint').where('id', '=', versionId);
  return (await query.executeTakeFirst())?.fingerprint;
}

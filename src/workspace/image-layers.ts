import { sql } from 'kysely';
import type { ImageRevision } from '../schema/index.ts';
import { summaryState } from './environment-summaries.ts';
import type { Connection } from './transaction.ts';

/** A layer that other environments have too. */
export interface SharedLayer {
  digest: string;
  /** How many others. */
  environments: number;
  /** The first of them by name. */
  names: string[];
}

/** Names that are told of a layer: hundreds of environments may share a base. */
const named = 10;

/** Notes which layers images have. What is noted follows from their records. */
export async function writeLayers(
  connection: Connection,
  images: readonly Pick<ImageRevision, 'fingerprint' | 'revision' | 'platforms'>[],
): Promise<void> {
  const rows = images.flatMap(({ fingerprint, revision, platforms }) => {
    const digests = new Set(platforms.flatMap(({ layers }) => layers.map(({ digest }) => digest)));
    return [...digests].map((digest) => ({ digest, fingerprint, revision }));
  });
  for (let at = 0; at < rows.length; at += 1000)
    await connection
      .insertInto('image_layers')
      .values(rows.slice(at, at + 1000))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** Of these layers those that the newest image of another environment's latest version has; archived ones do not count. */
export async function findShared(
  connection: Connection,
  { digests, except }: { digests: readonly string[]; except: string },
): Promise<SharedLayer[]> {
  if (digests.length === 0) return [];
  const { rows } = await sql<{ digest: string; name: string; environments: number | string }>`
    select digest, name, environments from (
      select l.digest, s.name,
        row_number() over (partition by l.digest order by s.name) as place,
        count(*) over (partition by l.digest) as environments
      from image_layers as l
      join environment_versions as v on v.fingerprint = l.fingerprint
      join environment_summaries as s on s.latest_id = v.id
      where l.digest in (${sql.join([...digests])})
        and s.state = ${sql.lit(summaryState.active)} and s.name <> ${except}
        and l.revision = (select max(revision) from image_revisions where fingerprint = l.fingerprint)
    ) as shared
    where place <= ${sql.lit(named)}
    order by digest, name`.execute(connection);
  const found = new Map<string, SharedLayer>();
  for (const { digest, name, environments } of rows) {
    const layer = found.get(digest) ?? { digest, environments: Number(environments), names: [] };
    layer.names.push(name);
    found.set(digest, layer);
  }
  return [...found.values()];
}

/** A base image that means something else now than when the newest image of an environment was made on it. */
export interface MovedBase {
  environment: string;
  version: string;
  reference: string;
}

/** As far as anybody has looked. The first so many by name. */
export async function findMovedBases(connection: Connection, limit: number): Promise<MovedBase[]> {
  const { rows } = await sql<MovedBase>`
    select distinct s.name as environment, v.version, p.base_reference as reference
    from base_references as r
    join platform_images as p on p.base_reference = r.reference and p.base_digest <> r.digest
    join environment_versions as v on v.fingerprint = p.fingerprint
    join environment_summaries as s on s.latest_id = v.id
    where s.state = ${sql.lit(summaryState.active)}
      and p.revision = (select max(revision) from image_revisions where fingerprint = p.fingerprint)
    order by s.name
    limit ${limit}`.execute(connection);
  return rows;
}

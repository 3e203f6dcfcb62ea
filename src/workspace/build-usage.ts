import { sql } from 'kysely';
import type { BuildRecord } from '../schema/index.ts';
import type { Connection } from './transaction.ts';

type Source = NonNullable<BuildRecord['images']>[number]['source'];

/** What the builds on record came to. */
export interface BuildStatistics {
  /** Builds that ended with images, by where those came from. */
  completed: Record<Source, number>;
  failed: number;
  /** Of those that were built; null if none was. */
  medianSeconds: number | null;
  /** For each build that a cache answered, what building the same took on average where that is known. */
  savedSeconds: number;
}

/** What of a record is counted: a build of several platforms came from where the most work was. */
export function buildUsage({ environment, images, startedAt, endedAt }: BuildRecord): {
  fingerprint: string;
  source: Source | null;
  seconds: number | null;
} {
  const sources = new Set(images?.map(({ source }) => source));
  const source = (['built', 'global', 'workspace'] as const).find((each) => sources.has(each)) ?? null;
  const isKnown = source !== null && startedAt !== null && endedAt !== null;
  const seconds = isKnown ? Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : null;
  return { fingerprint: environment.fingerprint, source, seconds };
}

export async function countBuilds(connection: Connection): Promise<BuildStatistics> {
  const completed = { workspace: 0, global: 0, built: 0 };
  const counted = await sql<{ source: Source; count: number | string }>`
    select source, count(*) as count from builds where source is not null group by source`.execute(connection);
  for (const { source, count } of counted.rows) completed[source] = Number(count);
  const failed = await sql<{ count: number | string }>`
    select count(*) as count from builds where status = 'Failed'`.execute(connection);
  const middle = await sql<{ seconds: number }>`
    select seconds from builds where source = 'built' order by seconds limit 1
    offset ${Math.floor(completed.built / 2)}`.execute(connection);
  const saved = await sql<{ seconds: number | null }>`
    select sum(own.seconds) as seconds
    from builds as hit
    join (select fingerprint, avg(seconds) as seconds from builds where source = 'built' group by fingerprint) as own
      on own.fingerprint = hit.fingerprint
    where hit.source in ('workspace', 'global')`.execute(connection);
  return {
    completed,
    failed: Number(failed.rows[0]?.count ?? 0),
    medianSeconds: middle.rows[0]?.seconds ?? null,
    savedSeconds: saved.rows[0]?.seconds ?? 0,
  };
}

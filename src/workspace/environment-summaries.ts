import { sql } from 'kysely';
import type { Connection } from './transaction.ts';

/** Of an environment, in `environment_summaries`. Anonymous ones are in no list. */
export const summaryState = { active: 0, archived: 1, anonymous: 2 } as const;

/**
 * Works out anew what lists show, from the versions that are there: of the environments named, or of all. Who registers a version moves it on by
 * itself; everybody else calls this in the same transaction.
 */
export async function writeSummaries(connection: Connection, names?: readonly string[]): Promise<void> {
  if (names?.length === 0) return;
  const among = (column: string) =>
    names === undefined ? sql`1 = 1` : sql`${sql.ref(column)} in (${sql.join([...names])})`;
  await sql`delete from environment_tags where ${among('name')}`.execute(connection);
  await sql`delete from environment_summaries where ${among('name')}`.execute(connection);
  await sql`
    insert into environment_summaries (name, state, category, latest_id, highest, versions, active, created_at)
    select e.name,
      case when v.anonymous = 1 then ${sql.lit(summaryState.anonymous)} else v.archived end,
      v.category,
      v.id,
      (select max(number) from environment_versions where name = e.name),
      (select count(*) from environment_versions where name = e.name),
      (select count(*) from environment_versions where name = e.name and archived = 0),
      e.created_at
    from environments as e
    join environment_versions as v
      on v.id = (select id from environment_versions where name = e.name order by archived, id desc limit 1)
    where ${among('e.name')}`.execute(connection);
  await sql`
    insert into environment_tags (name, key, value)
    select s.name, t.key, t.value
    from environment_summaries as s
    join version_tags as t on t.version_id = s.latest_id
    where s.state <> ${sql.lit(summaryState.anonymous)} and ${among('s.name')}`.execute(connection);
}

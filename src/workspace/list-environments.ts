import { type ExpressionBuilder, sql } from 'kysely';
import { categories } from '../schema/index.ts';
import { Tags, toVersion } from './environment-rows.ts';
import type { ArchivedFilter, EnvironmentStore, EnvironmentSummary, EnvironmentVersion } from './environments.ts';
import { filterValue } from './filter-value.ts';
import { cursorNumber, cursorText, type Page, type PageRequest, toPage } from './page.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';
import { versionAfter } from './version-number.ts';

/**
 * Environments by name, each with its latest version. An environment counts as archived when it has no version that is not; category and tags
 * are those of the latest version. Each row costs some look-ups in indexes, whatever the number of versions.
 */
export async function listEnvironments(
  connection: Connection,
  request: Parameters<EnvironmentStore['list']>[0],
): Promise<Page<EnvironmentSummary>> {
  const { limit, cursor, archived = 'active', category, tags = [], nameContains = '', name, sort = 'name' } = request;
  const direction = sort.startsWith('-') ? 'desc' : 'asc';
  const beyond = direction === 'asc' ? '>' : '<';
  let query = connection
    .selectFrom('environments as e')
    .innerJoin('environment_versions as v', (join) =>
      join.on((eb) =>
        eb(
          'v.id',
          '=',
          eb
            .selectFrom('environment_versions as l')
            .select('l.id')
            .whereRef('l.name', '=', 'e.name')
            .orderBy('l.archived')
            .orderBy('l.id', 'desc')
            .limit(1),
        ),
      ),
    )
    .select(['e.name', 'e.created_at as environment_created_at', 'v.version', 'v.category', 'v.description'])
    .select(['v.tags', 'v.archived', 'v.updated_at'])
    .select((eb) => [highestNumber(eb).as('highest'), countVersions(eb, archived).as('versions')])
    .where('v.anonymous', '=', 0)
    .limit(limit + 1);
  if (sort.endsWith('created')) {
    query = query.orderBy('e.created_at', direction);
    if (cursor !== undefined) {
      const { time, last } = cursorTime(cursor);
      query = query.where(({ eb, or, and }) =>
        or([eb('e.created_at', beyond, time), and([eb('e.created_at', '=', time), eb('e.name', beyond, last)])]),
      );
    }
  } else if (cursor !== undefined) query = query.where('e.name', beyond, cursorText(cursor));
  query = query.orderBy('e.name', direction);
  if (name !== undefined) query = query.where('e.name', '=', name);
  if (archived !== 'all') query = query.where('v.archived', '=', archived === 'active' ? 0 : 1);
  if (category === 'custom') query = query.where('v.category', '!=', 'curated');
  else if (category !== undefined)
    query = query.where('v.category', '=', filterValue(categories, category, 'category'));
  if (nameContains !== '') {
    const pattern = `%${nameContains.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    query = query.where(sql<boolean>`lower(e.name) like ${pattern} escape '\\'`);
  }
  for (const tag of tags) query = query.where((eb) => eb.exists(tagged(eb, tag)));
  const rows = await query.execute();
  return toPage(rows, limit, {
    keyOf: (row) => (sort.endsWith('created') ? `${row.environment_created_at} ${row.name}` : row.name),
    toItem: (row) => ({
      name: row.name,
      archived: row.archived === 1,
      latestVersion: row.version,
      nextVersion: versionAfter(row.highest, row.name),
      category: row.category,
      description: row.description,
      tags: fromJson(Tags, row.tags, row.name),
      // PostgreSQL counts in bigint, which its driver gives as text.
      versions: Number(row.versions ?? 0),
      createdAt: row.environment_created_at,
      updatedAt: row.updated_at,
    }),
  });
}

/** Where a list by time went on: the time and the name of the last one. */
function cursorTime(cursor: string): { time: string; last: string } {
  const [time = '', last = ''] = cursorText(cursor).split(' ');
  return { time, last };
}

export async function listVersions(
  connection: Connection,
  name: string,
  { limit, cursor, archived = 'active' }: PageRequest & { archived?: ArchivedFilter },
): Promise<Page<EnvironmentVersion>> {
  let query = connection
    .selectFrom('environment_versions')
    .selectAll()
    .where('name', '=', name)
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('id', '<', cursorNumber(cursor));
  if (archived !== 'all') query = query.where('archived', '=', archived === 'active' ? 0 : 1);
  return toPage(await query.execute(), limit, { keyOf: (row) => row.id, toItem: toVersion });
}

type Environments = ExpressionBuilder<Tables & { e: Tables['environments'] }, 'e'>;

function highestNumber(eb: Environments) {
  return eb
    .selectFrom('environment_versions as h')
    .select(({ fn }) => fn.max('h.number').as('highest'))
    .whereRef('h.name', '=', 'e.name');
}

function countVersions(eb: Environments, archived: ArchivedFilter) {
  return eb
    .selectFrom('environment_versions as c')
    .select(({ fn }) => fn.countAll<number | string>().as('versions'))
    .whereRef('c.name', '=', 'e.name')
    .$if(archived === 'active', (query) => query.where('c.archived', '=', 0));
}

/** `key`, or `key=value`. */
function tagged(eb: ExpressionBuilder<Tables & { v: Tables['environment_versions'] }, 'v'>, tag: string) {
  const split = tag.indexOf('=');
  const query = eb.selectFrom('version_tags as t').select('t.key').whereRef('t.version_id', '=', 'v.id');
  if (split === -1) return query.where('t.key', '=', tag);
  return query.where('t.key', '=', tag.slice(0, split)).where('t.value', '=', tag.slice(split + 1));
}

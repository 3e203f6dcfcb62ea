import { PostgresAdapter, sql } from 'kysely';
import { categories } from '../schema/index.ts';
import { Tags, toVersion } from './environment-rows.ts';
import { summaryState } from './environment-summaries.ts';
import type { EnvironmentStore, EnvironmentSummary, EnvironmentVersion } from './environments.ts';
import { filterValue } from './filter-value.ts';
import { cursorNumber, cursorText, inOrder, type Page, toPage } from './page.ts';
import { fromJson } from './stored-json.ts';
import type { Connection } from './transaction.ts';
import { versionAfter } from './version-number.ts';

/**
 * Environments by name, each with its latest version. An environment counts as archived when it has no version that is not; category and tags
 * are those of the latest version. What decides is in the summaries, so that a page costs the same whatever the number of versions.
 */
export async function listEnvironments(
  connection: Connection,
  request: Parameters<EnvironmentStore['list']>[0],
): Promise<Page<EnvironmentSummary>> {
  const { limit, cursor, archived = 'active', category, tags = [], nameContains = '', name, sort = 'name' } = request;
  const direction = sort.startsWith('-') ? 'desc' : 'asc';
  const beyond = direction === 'asc' ? '>' : '<';
  let query = connection
    .selectFrom('environment_summaries as s')
    .innerJoin('environment_versions as v', 'v.id', 's.latest_id')
    .select(['s.name', 's.state', 's.highest', 's.versions', 's.active', 's.created_at as environment_created_at'])
    .select(['v.version', 'v.category', 'v.description', 'v.tags', 'v.updated_at'])
    .limit(limit + 1);
  // SQLite goes through the index of what such a term leaves alone: few have a certain tag, and most are not archived. PostgreSQL knows how many have what.
  const isLeftAlone = !isPostgres(connection) && (tags.length > 0 || archived === 'all');
  const state = isLeftAlone ? sql<number>`coalesce(s.state, 0)` : sql<number>`s.state`;
  if (archived === 'all') query = query.where(state, '<>', summaryState.anonymous);
  else query = query.where(state, '=', summaryState[archived]);
  for (const tag of tags) query = query.where('s.name', 'in', tagged(connection, tag));
  if (sort.endsWith('created')) {
    query = query.orderBy('s.created_at', direction);
    if (cursor !== undefined) {
      const { time, last } = cursorTime(cursor);
      query = query.where(({ eb, or, and }) =>
        or([eb('s.created_at', beyond, time), and([eb('s.created_at', '=', time), eb('s.name', beyond, last)])]),
      );
    }
  } else if (cursor !== undefined) query = query.where('s.name', beyond, cursorText(cursor));
  query = query.orderBy('s.name', direction);
  if (name !== undefined) query = query.where('s.name', '=', name);
  if (category === 'custom') query = query.where(sql<boolean>`coalesce(s.category, '') <> 'curated'`);
  else if (category !== undefined)
    query = query.where('s.category', '=', filterValue(categories, category, 'category'));
  if (nameContains !== '') {
    const pattern = `%${nameContains.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    // SQLite compares more quickly where nothing can be escaped.
    const escape = pattern.includes('\\') ? sql`escape '\\'` : sql``;
    query = query.where(sql<boolean>`${caseless(connection)} like ${pattern} ${escape}`);
  }
  const rows = await query.execute();
  return toPage(rows, limit, {
    keyOf: (row) => (sort.endsWith('created') ? `${row.environment_created_at} ${row.name}` : row.name),
    toItem: (row) => ({
      name: row.name,
      archived: row.state === summaryState.archived,
      latestVersion: row.version,
      nextVersion: versionAfter(row.highest, row.name),
      category: row.category,
      description: row.description,
      tags: fromJson(Tags, row.tags, row.name),
      versions: archived === 'active' ? row.active : row.versions,
      createdAt: row.environment_created_at,
      updatedAt: row.updated_at,
    }),
  });
}

/** A name, compared with `like` in any case. SQLite does so by itself, in half of the time; PostgreSQL has an index of this. */
function caseless(connection: Connection) {
  return isPostgres(connection) ? sql`lower(s.name)` : sql`s.name`;
}

function isPostgres(connection: Connection): boolean {
  return connection.getExecutor().adapter instanceof PostgresAdapter;
}

/** Where a list by time went on: the time and the name of the last one. */
function cursorTime(cursor: string): { time: string; last: string } {
  const [time = '', last = ''] = cursorText(cursor).split(' ');
  return { time, last };
}

export async function listVersions(
  connection: Connection,
  name: string,
  { limit, cursor, sort, archived = 'active', tags = [] }: Parameters<EnvironmentStore['listVersions']>[1],
): Promise<Page<EnvironmentVersion>> {
  const { direction, beyond } = inOrder(sort);
  let query = connection
    .selectFrom('environment_versions')
    .selectAll()
    .where('name', '=', name)
    .where('anonymous', '=', 0)
    .orderBy('id', direction)
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('id', beyond, cursorNumber(cursor));
  if (archived !== 'all') query = query.where('archived', '=', archived === 'active' ? 0 : 1);
  for (const tag of tags) query = query.where('id', 'in', taggedVersions(connection, tag));
  return toPage(await query.execute(), limit, { keyOf: (row) => row.id, toItem: toVersion });
}

/** The names of those with `key`, or with `key=value`. */
function tagged(connection: Connection, tag: string) {
  const { key, value } = splitTag(tag);
  const query = connection.selectFrom('environment_tags').select('name').where('key', '=', key);
  return value === undefined ? query : query.where('value', '=', value);
}

function taggedVersions(connection: Connection, tag: string) {
  const { key, value } = splitTag(tag);
  const query = connection.selectFrom('version_tags').select('version_id').where('key', '=', key);
  return value === undefined ? query : query.where('value', '=', value);
}

function splitTag(tag: string): { key: string; value: string | undefined } {
  const split = tag.indexOf('=');
  return split === -1 ? { key: tag, value: undefined } : { key: tag.slice(0, split), value: tag.slice(split + 1) };
}

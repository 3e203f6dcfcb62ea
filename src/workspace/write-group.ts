import type { Insertable } from 'kysely';
import { summaryState } from './environment-summaries.ts';
import type { EnvironmentVersion } from './environments.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';
import { type Container, type Group, keyOf, pending } from './version-group.ts';
import { versionNumber } from './version-number.ts';

/** Writes what was added to a group: the versions, and what lists show of their environments. */
export async function writeGroup(transaction: Connection, { containers, created }: Group): Promise<void> {
  const made = [...containers].filter(([, { isNew }]) => isNew);
  if (made.length > 0) {
    const rows = made.map(([name, { createdAt, createdBy }]) => ({
      name,
      archived: 0,
      created_at: createdAt,
      created_by: createdBy,
    }));
    await transaction.insertInto('environments').values(rows).execute();
  }
  if (created.length > 0) {
    const inserted = await transaction
      .insertInto('environment_versions')
      .values(created.map(toRow))
      .returning(['id', 'name', 'version'])
      .execute();
    const ids = new Map(inserted.map(({ id, name, version }) => [keyOf(name, version), id]));
    for (const version of created) version.id = ids.get(keyOf(version.name, version.version)) ?? pending;
    const tags = created.flatMap(({ id, tags: each }) =>
      Object.entries(each).map(([key, value]) => ({ version_id: id, key, value })),
    );
    await inParts(tags, (some) => transaction.insertInto('version_tags').values(some).execute());
  }
  await writeMoved(transaction, containers, new Set(created));
}

/** Brings the summaries of what has changed up to date. */
async function writeMoved(
  transaction: Connection,
  containers: ReadonlyMap<string, Container>,
  created: ReadonlySet<EnvironmentVersion>,
): Promise<void> {
  const summaries: Insertable<Tables['environment_summaries']>[] = [];
  const retagged: string[] = [];
  const tags: Tables['environment_tags'][] = [];
  for (const [name, { latest, archived, highest, versions, active, createdAt, isNew, hasOtherTags }] of containers) {
    if (latest === undefined) continue;
    const { anonymous } = latest;
    const state = anonymous ? summaryState.anonymous : archived ? summaryState.archived : summaryState.active;
    if (created.has(latest))
      summaries.push({
        name,
        state,
        category: latest.category,
        latest_id: latest.id,
        highest,
        versions,
        active,
        created_at: createdAt,
      });
    if (!hasOtherTags || anonymous) continue;
    if (!isNew) retagged.push(name);
    tags.push(...Object.entries(latest.tags).map(([key, value]) => ({ name, key, value })));
  }
  if (summaries.length > 0)
    await transaction
      .insertInto('environment_summaries')
      .values(summaries)
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet(({ ref }) => ({
          state: ref('excluded.state'),
          category: ref('excluded.category'),
          latest_id: ref('excluded.latest_id'),
          highest: ref('excluded.highest'),
          versions: ref('excluded.versions'),
          active: ref('excluded.active'),
        })),
      )
      .execute();
  if (retagged.length > 0) await transaction.deleteFrom('environment_tags').where('name', 'in', retagged).execute();
  await inParts(tags, (some) => transaction.insertInto('environment_tags').values(some).execute());
}

/** Both databases limit the parameters of a statement. */
async function inParts<T>(rows: readonly T[], write: (some: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) await write(rows.slice(at, at + 1000));
}

function toRow(version: EnvironmentVersion): Insertable<Tables['environment_versions']> {
  return {
    name: version.name,
    version: version.version,
    number: versionNumber(version.version),
    anonymous: version.anonymous ? 1 : 0,
    category: version.category,
    description: version.description,
    tags: JSON.stringify(version.tags),
    archived: version.archived ? 1 : 0,
    fingerprint: version.fingerprint,
    definition: JSON.stringify(version.definition),
    definition_digest: version.definitionDigest,
    files: JSON.stringify(version.files),
    derived_from: version.derivedFrom,
    created_at: version.createdAt,
    created_by: version.createdBy,
    updated_at: version.createdAt,
    purged_at: null,
  };
}

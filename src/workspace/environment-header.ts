import { now } from '../io/index.ts';
import type { Connection } from './transaction.ts';

/** The only part of a version that may change. What is undefined stays; null takes the description away. */
export interface HeaderChange {
  description?: string | null;
  tags?: Record<string, string>;
}

export async function writeHeader(connection: Connection, id: number, change: HeaderChange): Promise<void> {
  const { description, tags } = change;
  await connection
    .updateTable('environment_versions')
    .set({
      updated_at: now(),
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags: JSON.stringify(tags) }),
    })
    .where('id', '=', id)
    .execute();
  if (tags !== undefined) await writeTags(connection, id, tags);
}

export async function writeTags(connection: Connection, id: number, tags: Record<string, string>): Promise<void> {
  await connection.deleteFrom('version_tags').where('version_id', '=', id).execute();
  const rows = Object.entries(tags).map(([key, value]) => ({ version_id: id, key, value }));
  if (rows.length > 0) await connection.insertInto('version_tags').values(rows).execute();
}

import { toVersion } from './environment-rows.ts';
import type { EnvironmentVersion } from './environments.ts';
import type { Connection } from './transaction.ts';

/** A version that is in no row yet has this id. */
export const pending = 0;

export interface Container {
  isNew: boolean;
  archived: boolean;
  createdAt: string;
  createdBy: string;
  latest: EnvironmentVersion | undefined;
  /** The highest number of its versions, archived and purged ones included. */
  highest: number | null;
  versions: number;
  active: number;
  hasOtherTags: boolean;
}

/** What the requests of a batch have to do with, as it is and then as it will be. */
export interface Group {
  containers: Map<string, Container>;
  /** By name and version: those that a request names. */
  named: Map<string, EnvironmentVersion>;
  created: EnvironmentVersion[];
}

export const keyOf = (name: string, version: string): string => `${name}\0${version}`;

/** Reads what requests have to do with: the versions that they name, and the latest ones of their environments. */
export async function openGroup(transaction: Connection, requests: readonly AskedFor[]): Promise<Group> {
  const names = [...new Set(requests.map(({ name }) => name))];
  const rows = await transaction
    .selectFrom('environments as e')
    .leftJoin('environment_summaries as s', 's.name', 'e.name')
    .select([
      'e.name',
      'e.archived',
      'e.created_at',
      'e.created_by',
      's.latest_id',
      's.highest',
      's.versions',
      's.active',
    ])
    .where('e.name', 'in', names)
    .execute();
  const ids = rows.map((row) => row.latest_id).filter((id) => id !== null);
  const byId = new Map<number, EnvironmentVersion>();
  const all = transaction.selectFrom('environment_versions').selectAll();
  if (ids.length > 0) for (const row of await all.where('id', 'in', ids).execute()) byId.set(row.id, toVersion(row));
  const wanted = requests.flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
  const named = await findNamed(transaction, wanted);
  // What is the same version shall be one object: it is changed in one place.
  for (const [key, version] of named) named.set(key, byId.get(version.id) ?? version);
  const containers = rows.map((row): [string, Container] => [
    row.name,
    {
      isNew: false,
      archived: row.archived === 1,
      createdAt: row.created_at,
      createdBy: row.created_by,
      latest: byId.get(row.latest_id ?? pending),
      highest: row.highest,
      versions: row.versions ?? 0,
      active: row.active ?? 0,
      hasOtherTags: false,
    },
  ]);
  return { containers: new Map(containers), named, created: [] };
}

/** A version, or the latest one. */
interface AskedFor {
  name: string;
  version?: string;
}

/** What a version is asked for by. */
export interface VersionName {
  name: string;
  version: string;
}

/** By their keys. */
export async function findNamed(
  connection: Connection,
  wanted: readonly VersionName[],
): Promise<Map<string, EnvironmentVersion>> {
  if (wanted.length === 0) return new Map();
  const each = new Map(wanted.map((one) => [keyOf(one.name, one.version), one]));
  const rows = await connection
    .selectFrom('environment_versions')
    .selectAll()
    .where(({ eb, and, or }) =>
      or([...each.values()].map(({ name, version }) => and([eb('name', '=', name), eb('version', '=', version)]))),
    )
    .execute();
  return new Map(rows.map((row) => [keyOf(row.name, row.version), toVersion(row)]));
}

/** What a registration is compared with: the version that it names, or the latest one. */
export function findIn({ containers, named }: Group, { name, version }: AskedFor): EnvironmentVersion | undefined {
  return version === undefined ? containers.get(name)?.latest : named.get(keyOf(name, version));
}

export function newContainer(createdAt: string, createdBy: string): Container {
  return {
    isNew: true,
    archived: false,
    createdAt,
    createdBy,
    latest: undefined,
    highest: null,
    versions: 0,
    active: 0,
    hasOtherTags: false,
  };
}

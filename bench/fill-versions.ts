import { sql } from 'kysely';
import { openDatabase } from '../src/workspace/database.ts';
import { writeSummaries } from '../src/workspace/environment-summaries.ts';
import { openPostgres } from '../src/workspace/postgres.ts';

/** How many environments, how many versions of each. */
export interface Shape {
  environments: number;
  versions: number;
}

/** Fills a workspace's database with versions, in one transaction and past everything that checks. */
export async function fillVersions(place: { folder: string } | { address: string }, shape: Shape): Promise<void> {
  const database = 'folder' in place ? await openDatabase(place.folder) : await openPostgres(place.address);
  try {
    await database.transaction().execute(async (transaction) => {
      for (const each of statements(shape, 'folder' in place ? sqlite : postgres))
        await sql.raw(each).execute(transaction);
      await writeSummaries(transaction);
    });
    if ('address' in place) await sql`vacuum analyze`.execute(database);
  } finally {
    await database.destroy();
  }
}

interface Dialect {
  /** A table of the numbers 0 to `count` - 1 in a column `n`. */
  numbers(count: number): string;
  /** `text` to the left of a number that is padded to six digits. */
  padded(number: string): string;
}

const sqlite: Dialect = {
  numbers: (count) =>
    `(with recursive counting(n) as (select 0 union all select n + 1 from counting where n < ${count - 1}) select n from counting)`,
  padded: (number) => `printf('%06d', ${number})`,
};

const postgres: Dialect = {
  numbers: (count) => `(select n from generate_series(0, ${count - 1}) as n)`,
  padded: (number) => `lpad((${number})::text, 6, '0')`,
};

const words = ['vision', 'speech', 'tabular', 'ranking', 'forecast', 'search', 'fraud', 'pricing'];

function statements({ environments, versions }: Shape, { numbers, padded }: Dialect): string[] {
  const word = words.map((each, at) => `when ${at} then '${each}'`).join(' ');
  const name = (n: string): string => `(case (${n}) % ${words.length} ${word} end) || '-model-' || ${padded(n)}`;
  const definition = JSON.stringify({
    image: 'mcr.example/base:1',
    layer: {
      kind: 'requirements',
      entries: Array.from({ length: 20 }, (_, n) => ({ type: 'requirement', text: `package-${n}==1.0` })),
    },
    python: { version: '3.11', userManaged: false },
    bytecode: false,
    environmentVariables: {},
    platforms: ['linux-64'],
    osType: 'linux',
    autoRebuild: 'on_base_image_update',
  });
  const time = "'2026-01-01T00:00:00.000Z'";
  // A hundredth of the environments are of the team that is looked for.
  const team = `case when (v.n % ${environments}) % 100 = 7 then 'ml' else 'other' end`;
  const columns =
    'name, version, number, anonymous, category, description, tags, archived, fingerprint, definition, definition_digest, files, created_at, created_by, updated_at';
  return [
    `insert into environments (name, archived, created_at, created_by) select ${name('n')}, 0, ${time}, 'bench' from ${numbers(environments)} as e`,
    `insert into environment_versions (${columns})
     select ${name(`v.n % ${environments}`)}, cast(v.n / ${environments} + 1 as text), v.n / ${environments} + 1, 0, 'system_managed', null,
       '{"team":"' || ${team} || '"}', 0, cast(v.n as text), '${definition}', cast(v.n as text), '[]', ${time}, 'bench', ${time}
     from ${numbers(environments * versions)} as v`,
    `insert into version_tags (version_id, key, value)
     select id, 'team', case when tags like '%"ml"%' then 'ml' else 'other' end from environment_versions where tags <> '{}'`,
  ];
}

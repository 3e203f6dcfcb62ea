import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../test/kit/postgres.ts';
import { writeSummaries } from './environment-summaries.ts';
import { migrations } from './migrations.ts';
import { openPostgres } from './postgres.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Rows of each: enough that a migration that looks at each of them is seen to do so. */
const count = 3000;

describe('migrations of a filled PostgreSQL', { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let folder: string;
  beforeAll(async () => {
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'terroir-migrations-'));
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const names = Object.keys(migrations);
  const fill = async (address: string, upTo: number): Promise<void> => {
    const before = Object.fromEntries(names.slice(0, upTo).map((name) => [name, migrations[name]]));
    const database = await openPostgres(address, before as typeof migrations);
    await sql`insert into environments select 'env-' || n, 0, 't', 'ann' from generate_series(1, ${sql.lit(count)}) n`.execute(
      database,
    );
    await sql`insert into environment_versions (id, name, version, number, anonymous, category, tags, archived, fingerprint, definition, definition_digest, files, created_at, created_by, updated_at)
      select n, 'env-' || n, '1', 1, 0, 'user_managed', '{"at":"1"}', 0, 'f', '{}', 'd', '[]', 't', 'ann', 't' from generate_series(1, ${sql.lit(count)}) n`.execute(
      database,
    );
    await sql`insert into version_tags select id, 'at', '1' from environment_versions`.execute(database);
    await sql`select setval(pg_get_serial_sequence('environment_versions', 'id'), ${sql.lit(count)})`.execute(database);
    // From then on, what registers keeps them.
    if (names.indexOf('005-summaries') < upTo) await writeSummaries(database);
    await database.destroy();
  };

  it.each(names.slice(0, -1).map((name, at) => [name, at + 1] as const))(
    'lose nothing from %s on, whoever comes first',
    async (name, upTo) => {
      const database = await server.createDatabase();
      await fill(database, upTo);
      const place = join(folder, name);
      const opened = await Promise.all(
        Array.from({ length: 4 }, async () => await openWorkspace(place, { create: true, user: 'ann', database })),
      );
      const { environments, audit } = opened[0] as Workspace;
      const page = await environments.list({ limit: 10, tags: ['at=1'] });
      expect(page.items).toHaveLength(10);
      expect(page.items[0]).toMatchObject({ latestVersion: '1', versions: 1, category: 'user_managed' });
      expect(await environments.names()).toHaveLength(count);
      expect(await audit.verify()).toMatchObject({ broken: undefined });
      for (const workspace of opened) await workspace.close();
    },
  );

  it('leave a database that is newer than the program alone', async () => {
    const database = await server.createDatabase();
    await (
      await openPostgres(database, { ...migrations, '900-notes': { up: async () => await Promise.resolve() } })
    ).destroy();
    await expect(openWorkspace(join(folder, 'newer'), { create: true, user: 'ann', database })).rejects.toMatchObject({
      code: 'WORKSPACE_UNUSABLE',
      message: expect.stringContaining('900-notes'),
    });
  });
});

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerSample, sampleRequest } from '../../test/kit/workspace/samples.ts';
import { openDatabase } from './database.ts';
import { writeSummaries } from './environment-summaries.ts';
import { createEnvironmentStore } from './environments.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './tables.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

describe('the workspace database', () => {
  let root: string;
  let folder: string;
  let file: string;
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-database-'));
    folder = join(root, 'workspace');
    file = join(folder, 'workspace.db');
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await rm(root, { recursive: true });
  });
  const openIt = async (create = true): Promise<Workspace> => {
    const workspace = await openWorkspace(folder, { create, user: 'ann' });
    closing.push(() => workspace.close());
    return workspace;
  };
  const openWith = async (known: typeof migrations): Promise<Kysely<Tables>> => {
    const database = await openDatabase(folder, known);
    closing.push(() => database.destroy());
    return database;
  };
  /** A closed workspace with `count` environments. */
  const fill = async (count = 3): Promise<void> => {
    const workspace = await openWorkspace(folder, { create: true, user: 'ann' });
    for (let index = 0; index < count; index += 1) await registerSample(workspace, `env-${index}`, 'a');
    await workspace.close();
  };

  describe('opening', () => {
    it('makes a workspace only where it is asked to', async () => {
      await expect(openIt(false)).rejects.toMatchObject({ code: 'WORKSPACE_NOT_FOUND' });
      expect(await readdir(root)).toEqual([]);
      await openIt();
      expect(await (await openIt(false)).environments.names()).toEqual([]);
    });

    it('is quick, and writes nothing when there is nothing to do', async () => {
      await fill();
      const before = await snapshotOf(folder);
      const times: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        const startedAt = performance.now();
        const workspace = await openWorkspace(folder, { create: true, user: 'ann' });
        times.push(performance.now() - startedAt);
        await workspace.environments.list({ limit: 10 });
        await workspace.close();
      }
      expect(Math.min(...times)).toBeLessThan(10);
      expect(await snapshotOf(folder)).toEqual(before);
    });

    it('works from several callers at once, also the first time', async () => {
      const opened = await Promise.all(Array.from({ length: 8 }, () => openIt()));
      await Promise.all(opened.map((workspace, index) => registerSample(workspace, 'iris', `c${index}`)));
      const { items } = await (await openIt()).environments.listVersions('iris', { limit: 20 });
      expect(items.map(({ version }) => Number(version))).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    });

    it('refuses a workspace that is a file', async () => {
      await writeFile(folder, '');
      await expect(openIt()).rejects.toMatchObject({ code: 'WORKSPACE_UNUSABLE' });
    });
  });

  describe('migrations', () => {
    const next = {
      ...migrations,
      '900-notes': {
        up: async (database: Kysely<unknown>) => {
          await database.schema
            .alterTable('environments')
            .addColumn('note', 'text', (column) => column.notNull().defaultTo('none'))
            .execute();
        },
      },
    };

    const migrationsBefore = (name: string): typeof migrations =>
      Object.fromEntries(Object.entries(migrations).filter(([each]) => each < name));

    it('work out what lists show of environments that were there before', async () => {
      const database = await openDatabase(folder, migrationsBefore('005'));
      const version = (id: number, archived: number, tags: string) =>
        sql`insert into environment_versions (id, name, version, number, anonymous, category, tags, archived, fingerprint, definition, definition_digest, files, created_at, created_by, updated_at)
          values (${id}, 'iris', ${String(id)}, ${id}, 0, 'user_managed', ${tags}, ${archived}, 'f', '{}', 'd', '[]', 't', 'ann', 't')`.execute(
          database,
        );
      await sql`insert into environments values ('iris', 0, 't', 'ann')`.execute(database);
      for (const [id, archived] of [0, 0, 1].entries()) await version(id + 1, archived, `{"at":"${id + 1}"}`);
      await sql`insert into version_tags select id, 'at', version from environment_versions`.execute(database);
      await database.destroy();
      const { environments } = await openIt();
      const shown = { latestVersion: '2', nextVersion: '4', versions: 2, category: 'user_managed', tags: { at: '2' } };
      expect((await environments.list({ limit: 10, tags: ['at=2'] })).items).toMatchObject([shown]);
      expect((await environments.list({ limit: 10, tags: ['at=3'] })).items).toEqual([]);
      expect((await environments.list({ limit: 10, archived: 'all' })).items).toMatchObject([
        { ...shown, versions: 3 },
      ]);
    });

    it('work out which layers images share, whose base has moved, and what builds took before', async () => {
      const database = await openDatabase(folder, migrationsBefore('006'));
      const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
      const reference = 'docker.io/library/debian:12';
      for (const [at, name] of ['iris', 'rose'].entries()) {
        await sql`insert into environments values (${name}, 0, 't', 'ann')`.execute(database);
        await sql`insert into environment_versions (id, name, version, number, anonymous, category, tags, archived, fingerprint, definition, definition_digest, files, created_at, created_by, updated_at)
          values (${at + 1}, ${name}, '1', 1, 0, 'system_managed', '{}', 0, ${name}, '{}', 'd', '[]', 't', 'ann', 't')`.execute(
          database,
        );
        const image = {
          platform: 'linux-64',
          digest: digestOf(name),
          mediaType: 'm',
          configDigest: digestOf('config'),
          size: 1,
          lockRevision: 1,
          lockDigest: 'l',
          base: { reference, digest: digestOf('old base') },
          dockerfile: '',
          layers: [{ digest: digestOf('numpy'), size: 1, mediaType: 'm', kind: 'packages', packages: [] }],
        };
        const revision = { fingerprint: name, digest: image.digest, origin: 'built', platforms: [image] };
        const record = JSON.stringify({ ...revision, revision: 1, createdAt: 't', createdBy: 'ann' });
        await sql`insert into image_revisions values (${name}, 1, ${image.digest}, ${record}, 't')`.execute(database);
        await sql`insert into platform_images values (${name}, 1, 'linux-64', ${image.digest}, 'l', ${image.base.digest})`.execute(
          database,
        );
      }
      await writeSummaries(database);
      await sql`insert into base_references values (${reference}, ${digestOf('new base')}, 't')`.execute(database);
      for (const [at, [source, endedAt]] of Object.entries([
        ['built', '2026-01-01T00:00:20.000Z'],
        ['workspace', '2026-01-01T00:00:01.000Z'],
      ] as const)) {
        const record = {
          id: `build_${at}`,
          status: 'Completed',
          environment: { name: 'iris', version: '1', fingerprint: 'iris' },
          platforms: ['linux-64'],
          rebuild: false,
          priority: 0,
          worker: null,
          attempts: 1,
          createdAt: 't',
          createdBy: 'ann',
          startedAt: '2026-01-01T00:00:00.000Z',
          endedAt,
          error: null,
          images: [{ platform: 'linux-64', revision: 1, digest: digestOf('iris'), size: 1, source }],
        };
        await sql`insert into builds (id, status, environment_name, environment_version, version_id, joined_by, record, cancel_requested, created_at)
          values (${record.id}, 'Completed', 'iris', '1', 1, ${at}, ${JSON.stringify(record)}, 0, 't')`.execute(
          database,
        );
      }
      await database.destroy();
      const { images, builds } = await openIt();
      expect(await images.shared({ digests: [digestOf('numpy')], except: 'iris' })).toEqual([
        { digest: digestOf('numpy'), environments: 1, names: ['rose'] },
      ]);
      expect((await images.movedBases(9)).map(({ environment }) => environment)).toEqual(['iris', 'rose']);
      expect(await builds.statistics()).toEqual({
        completed: { workspace: 1, global: 0, built: 1 },
        failed: 0,
        medianSeconds: 20,
        savedSeconds: 20,
      });
    });

    it('bring a filled database up to date and lose nothing', async () => {
      await fill();
      const database = await openWith(next);
      const { rows } = await sql<{ name: string; note: string }>`select name, note from environments`.execute(database);
      expect(rows).toEqual(['env-0', 'env-1', 'env-2'].map((name) => ({ name, note: 'none' })));
      const environments = createEnvironmentStore(database, 'ann');
      expect((await environments.get('env-1', '1'))?.definition).toEqual(sampleRequest('env-1').definition);
      await openWith(next);
    });

    it('leave a database that is newer than the program alone', async () => {
      await fill();
      await (await openDatabase(folder, next)).destroy();
      const before = await snapshotOf(folder);
      await expect(openIt()).rejects.toMatchObject({
        code: 'WORKSPACE_UNUSABLE',
        message: expect.stringMatching(/newer Terroir.*900-notes.*007-contents/),
      });
      expect(await snapshotOf(folder)).toEqual(before);
    });

    it('leave a database alone that no release made', async () => {
      await fill();
      const database = new DatabaseSync(file);
      database.exec("delete from kysely_migration; insert into kysely_migration values ('000-trial', '')");
      database.close();
      const before = await snapshotOf(folder);
      await expect(openIt()).rejects.toMatchObject({
        code: 'WORKSPACE_UNUSABLE',
        message: expect.stringMatching(/unreleased Terroir.*000-trial/),
      });
      expect(await snapshotOf(folder)).toEqual(before);
    });

    it('happen as a whole or not at all', async () => {
      await fill();
      const broken = {
        ...next,
        '901-broken': {
          up: async (database: Kysely<unknown>) => {
            await database.schema.createTable('half').addColumn('x', 'text').execute();
            throw new Error('the lights went out');
          },
        },
      };
      await expect(openDatabase(folder, broken)).rejects.toThrow('the lights went out');
      expect(await (await openIt()).environments.names()).toHaveLength(3);
      const database = await openWith(next);
      const half = sql`select 1 from sqlite_master where name = 'half'`.execute(database);
      expect((await half).rows).toEqual([]);
    });
  });

  describe('damage', () => {
    it.each([
      ['no database', async () => await writeFile(file, 'this is no database, whatever its name says'.repeat(100))],
      ['zeros', async () => await writeFile(file, Buffer.alloc(8192))],
      ['half of one', async () => await writeFile(file, (await readFile(file)).subarray(0, 4096 * 3))],
    ])('is told when the file is %s', async (_title, damage) => {
      await fill();
      await damage();
      const before = await readFile(file);
      const work = async () => await (await openIt()).environments.list({ limit: 10 });
      await expect(work()).rejects.toMatchObject({ code: 'CORRUPT_STORE', message: expect.stringContaining(file) });
      expect(await readFile(file)).toEqual(before);
    });

    it('is told when it shows only while reading', async () => {
      await fill(200);
      const handle = await open(file, 'r+');
      const { size } = await handle.stat();
      for (let page = 2; page < size / 4096; page += 1)
        await handle.write(Buffer.alloc(2048, 0xaa), 0, 2048, page * 4096);
      await handle.close();
      const work = async () => await (await openIt()).environments.listVersions('env-100', { limit: 10 });
      await expect(work()).rejects.toMatchObject({ code: 'CORRUPT_STORE', message: expect.stringContaining(file) });
    });

    it.each(['tags', 'definition', 'files'])('is told when the %s of a version cannot be read', async (column) => {
      await fill();
      const database = new DatabaseSync(file);
      database.exec(`update environment_versions set ${column} = '{"x": 1' where name = 'env-1'`);
      database.close();
      const { environments } = await openIt();
      await expect(environments.get('env-1', '1')).rejects.toMatchObject({
        code: 'CORRUPT_STORE',
        message: expect.stringContaining('env-1:1'),
      });
      expect((await environments.get('env-2', '1'))?.name).toBe('env-2');
    });

    it('is told when the secret key is cut off', async () => {
      const workspace = await openIt();
      const key = await workspace.secretKey();
      expect(await workspace.secretKey()).toEqual(key);
      expect(key).toHaveLength(32);
      expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
      await writeFile(join(folder, 'secret.key'), '');
      await expect(workspace.secretKey()).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    });
  });

  describe('the disk', () => {
    it('may be full: the error says so, and what was there stays', async () => {
      const database = await openWith(migrations);
      const environments = createEnvironmentStore(database, 'ann');
      await environments.register(sampleRequest('iris', 'a'));
      // SQLite's own limit has the same end as a full disk: SQLITE_FULL.
      const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
      await sql`pragma max_page_count = ${sql.raw(String(rows[0]?.page_count))}`.execute(database);
      const large = sampleRequest('iris', 'b', { description: 'x'.repeat(500_000) });
      await expect(environments.register(large)).rejects.toMatchObject({ code: 'DISK_FULL' });
      await sql`pragma max_page_count = 100000`.execute(database);
      expect((await environments.listVersions('iris', { limit: 10 })).items).toHaveLength(1);
      expect((await environments.register(large)).version.version).toBe('2');
    });

    it('may be read-only: the error says so', async () => {
      await fill();
      await chmod(root, 0o755);
      await chmod(folder, 0o555);
      const result = asOrdinaryUser(`
        const workspace = await openWorkspace(${JSON.stringify(folder)}, { create: true, user: 'bob' });
        await workspace.environments.names();`);
      expect(result).toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining(folder) });
      expect(await (await openIt()).environments.names()).toHaveLength(3);
    });

    it('may be a place where one may not write at all', () => {
      const result = asOrdinaryUser(`await openWorkspace('/usr/terroir', { create: true, user: 'bob' });`);
      expect(result).toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('/usr/terroir') });
    });

    it('keeps nothing of what was purged', async () => {
      const workspace = await openWorkspace(folder, { create: true, user: 'ann' });
      const { id } = await registerSample(workspace, 'iris', 'a', { description: 'top-secret-token '.repeat(1000) });
      await registerSample(workspace, 'wine', 'a');
      expect((await wholeContent(folder)).includes('top-secret-token')).toBe(true);
      await workspace.environments.purge(id);
      await workspace.close();
      expect((await wholeContent(folder)).includes('top-secret-token')).toBe(false);
    });
  });

  describe('other processes', () => {
    it('that write for a while are waited for, and nobody waits to read', async () => {
      const workspace = await openIt();
      await registerSample(workspace, 'iris', 'a');
      const other = new DatabaseSync(file);
      other.exec('begin immediate');
      other.exec("update environments set archived = 1 where name = 'iris'");
      const startedAt = performance.now();
      let ticks = 0;
      const timer = setInterval(() => {
        ticks += 1;
      }, 20);
      const registered = registerSample(await openIt(), 'iris', 'b');
      expect((await workspace.environments.latest('iris'))?.version).toBe('1');
      setTimeout(() => {
        other.exec('commit');
        other.close();
      }, 700);
      expect(await registered).toMatchObject({ version: '2', archived: true });
      clearInterval(timer);
      expect(performance.now() - startedAt).toBeGreaterThan(500);
      // The wait leaves room for timers and signals.
      expect(ticks).toBeGreaterThan(3);
    });

    it('that copy the folder get a workspace', async () => {
      await fill();
      await cp(folder, join(root, 'copy'), { recursive: true });
      await mkdir(join(root, 'elsewhere'));
      const copy = await openWorkspace(join(root, 'copy'), { user: 'bob' });
      closing.push(() => copy.close());
      expect(await copy.environments.names()).toHaveLength(3);
    });
  });
});

/** Names, sizes, times and content of the files. */
async function snapshotOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return await Promise.all(
    names.sort().map(async (name) => {
      const stats = await stat(join(folder, name));
      if (stats.isDirectory()) return name;
      const digest = createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex');
      return `${name} ${stats.size} ${stats.mtimeMs} ${digest}`;
    }),
  );
}

async function wholeContent(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  const files = names.filter((name) => name.startsWith('workspace.db'));
  return Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))));
}

/** Runs code in a process that is not root, and answers the error that it ended with. */
function asOrdinaryUser(code: string): unknown {
  const module = join(import.meta.dirname, 'index.ts');
  const program = `
    import { openWorkspace } from ${JSON.stringify(module)};
    try { ${code}; console.log('{}'); }
    catch (error) { console.log(JSON.stringify({ code: error.code, message: error.message })); }`;
  const result = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  });
  expect(result.stderr).toBe('');
  return JSON.parse(result.stdout) as unknown;
}

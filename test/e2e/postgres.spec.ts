import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace, type Workspace } from '../../src/workspace/index.ts';
import { type PostgresServer, startPostgres } from '../kit/postgres.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';
import { createPeer, race } from '../kit/workspace/peers.ts';
import { allPages } from '../kit/workspace/samples.ts';

let server: PostgresServer;
let root: string;
let folder: string;
let database: string;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => await server.stop());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'terroir-postgres-'));
  folder = join(root, 'workspace');
  database = await server.createDatabase();
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

async function inWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(folder, { user: 'ann', database });
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}

describe('processes that use a workspace in PostgreSQL at the same moment', { timeout: 120_000 }, () => {
  it('register different definitions as different versions, and the same one once', async () => {
    const done = await race(folder, 'register-different', { peers: 6, count: 10, database });
    const upTo = Array.from({ length: 60 }, (_, index) => index + 1);
    expect(done.map(({ version }) => Number(version)).sort((a, b) => a - b)).toEqual(upTo);
    const same = await race(folder, 'register-same', { peers: 6, count: 3, database });
    expect(new Set(same.map(({ id }) => id)).size).toBe(1);
    expect(same.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    const versions = await inWorkspace(({ environments }) =>
      allPages((page) => environments.listVersions('iris', page), 20),
    );
    expect(versions).toHaveLength(61);
  });

  it('lock the same definition: the first lock wins for all', async () => {
    const done = await race(folder, 'lock', { peers: 6, database });
    expect(done).toEqual(
      Array.from({ length: 6 }, () => ({ first: done[0]?.first, bound: done[0]?.first, revision: 1 })),
    );
  });

  it('lose nothing that they were told is there when the database is killed', async () => {
    const peers = await Promise.all(
      [1, 2].map(async (n) => await createPeer(folder, n, 'everything', { count: 1_000_000, database })),
    );
    for (const peer of peers) peer.start();
    while (peers.some(({ done }) => done.length < 5)) await delay(50);
    await server.kill();
    await Promise.allSettled(peers.map(async ({ ended }) => await ended));
    await server.start();
    const told = peers.flatMap(({ done }) => done);
    await inWorkspace(async ({ environments, runs, audit }) => {
      for (const { version, run } of told) {
        expect(await environments.get('iris', String(version))).toBeDefined();
        expect(await runs.get(String(run))).toBeDefined();
      }
      expect(await audit.verify()).toMatchObject({ broken: undefined });
    });
  });
});

describe('the command line with TERROIR_DATABASE', { timeout: 120_000 }, () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeEach(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'grape', version: '1.0', files: { 'grape.py': 'x = "sweet"\n' } }),
    ]);
    sandbox = await createSandbox({ index: index.url, env: { TERROIR_DATABASE: database } });
    await sandbox.write('iris.yml', 'name: iris\ntags: {kind: plant}\nrequirements: [grape]\n');
  });
  afterEach(async () => await Promise.all([sandbox.remove(), index.close()]));
  const inFolder = { TERROIR_DATABASE: '' };

  it('registers, locks, runs, and moves to a folder and back by a backup', async () => {
    const outcome = await sandbox.run([
      'run',
      '--env',
      'iris.yml',
      '--',
      'python',
      '-c',
      'import grape; print(grape.x)',
    ]);
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0, stdout: 'sweet\n' });
    const questions = [
      ['env', 'show', 'iris'],
      ['env', 'lock', 'iris'],
      ['runs', 'list'],
      ['audit', 'list'],
    ];
    const answers = async (env: Record<string, string>, ...more: string[]): Promise<unknown[]> => {
      const all: unknown[] = [];
      for (const question of questions) all.push(await sandbox.json([...question, ...more], { env }));
      return all;
    };
    const here = await answers({});
    expect(await sandbox.run(['env', 'list'], { env: inFolder })).toMatchObject({
      exitCode: 5,
      stderr: expect.stringMatching(/the records of the workspace .* are in PostgreSQL\n.*TERROIR_DATABASE/),
    });
    await sandbox.json(['backup', 'one.terroir']);
    await sandbox.json(['restore', 'one.terroir', '--workspace', 'folder'], { env: inFolder });
    expect(await answers(inFolder, '--workspace', 'folder')).toEqual(here);
    await sandbox.json(['backup', 'two.terroir', '--workspace', 'folder'], { env: inFolder });
    const other = { TERROIR_DATABASE: await server.createDatabase() };
    await sandbox.json(['restore', 'two.terroir', '--workspace', 'third'], { env: other });
    expect(await answers(other, '--workspace', 'third')).toEqual(here);
    expect((await sandbox.run(['audit', 'verify', '--workspace', 'third'], { env: other })).exitCode).toBe(0);
    // It counts on.
    await sandbox.write('more.yml', 'name: iris\nrequirements: ["grape>=1"]\n');
    expect(await sandbox.json(['env', 'create', 'more.yml', '--workspace', 'third'], { env: other })).toMatchObject({
      version: '2',
    });
    expect(await sandbox.run(['restore', 'one.terroir', '--workspace', 'fourth'], { env: other })).toMatchObject({
      exitCode: 5,
      stderr: expect.stringMatching(/a workspace in the database already/),
    });
  });

  it.each<[string, (address: string) => string, number, RegExp]>([
    ['nobody is there', () => 'postgresql://test@127.0.0.1:1/test', 8, /127\.0\.0\.1:1\/test` cannot be reached/],
    ['there is no such database', (address) => address.replace(/test_\d+$/, 'none'), 4, /createdb/],
    ['it is no address', () => 'mysql://me:secret@host/x', 2, /mysql:\/\/host\/x` is no address of a PostgreSQL/],
  ])('says it when %s', async (_, make, exitCode, message) => {
    const outcome = await sandbox.run(['env', 'list'], { env: { TERROIR_DATABASE: make(database) } });
    expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toContain('secret');
  });

  it('holds a database and its folder together', async () => {
    await sandbox.json(['env', 'create', 'iris.yml']);
    const refused = async (args: string[], env: Record<string, string>, message: RegExp): Promise<void> =>
      expect(await sandbox.run(args, { env })).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(message) });
    // What a stranger to the team does, or somebody who mistypes one of the two.
    await refused(['env', 'list', '--workspace', 'mine'], {}, /belongs to another folder than .*mine/);
    const other = { TERROIR_DATABASE: await server.createDatabase() };
    await refused(['cache', 'gc'], other, /has the contents of another database/);
    await refused(['cache', 'gc'], inFolder, /are in PostgreSQL/);
    expect(await sandbox.json(['env', 'list'])).toMatchObject({ items: [{ name: 'iris' }] });
    await sandbox.run(['env', 'list', '--workspace', 'small'], { env: inFolder });
    await refused(['env', 'list', '--workspace', 'small'], other, /in its own database\n.*terroir backup/);
    // Nothing of it sticks.
    expect((await sandbox.run(['env', 'list', '--workspace', 'fresh'], { env: other })).exitCode).toBe(0);
    await rename(join(sandbox.folder, 'fresh'), join(sandbox.folder, 'moved'));
    expect((await sandbox.run(['env', 'list', '--workspace', 'moved'], { env: other })).exitCode).toBe(0);
  });

  it('leaves alone what belongs to somebody else, and says it where it may not write', async () => {
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    try {
      await client.query('create table orders (id int)');
      const other = await sandbox.run(['env', 'list']);
      expect([other.exitCode, other.stderr]).toEqual([
        5,
        expect.stringMatching(/belongs to something else \(it has a table `orders`\)[^]*createdb/),
      ]);
      const { rows } = await client.query("select tablename from pg_tables where schemaname = 'public'");
      expect(rows).toEqual([{ tablename: 'orders' }]);
      await client.query('drop table orders; create role guest login');
      await client.query('revoke create on schema public from public');
      const guest = database.replace('test@', 'guest@');
      const refused = await sandbox.run(['env', 'list'], { env: { TERROIR_DATABASE: guest } });
      expect([refused.exitCode, refused.stderr]).toEqual([
        9,
        expect.stringMatching(/does not let this user in: permission denied[^]*grant all on schema public/),
      ]);
    } finally {
      await client.end();
    }
  });
});

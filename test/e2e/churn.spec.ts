import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLooseCopies } from '../../src/app/images/base-image.ts';
import { neededContent } from '../../src/app/packages/needed-content.ts';
import { createRegistry } from '../../src/registry/index.ts';
import { openWorkspace } from '../../src/workspace/index.ts';
import { debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import { type PostgresServer, startPostgres } from '../kit/postgres.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { sha256Of, smallImage } from '../kit/registry/image.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { type Served, startServe } from '../kit/serve.ts';
import { makeWheel } from '../kit/wheel.ts';

const rounds = 3;
const environments = 60;
const oci = 'application/vnd.oci.image.manifest.v1+json';

let folder: string;
let index: PypiIndex;
let postgres: PostgresServer;
let sandbox: Sandbox;
let workspaceFolder: string;
let database: string | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-churn-'));
  index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0' })]);
  postgres = await startPostgres();
  await writeBase(join(folder, 'base'), [{ base: await makeBase({ layers: [debianLike] }) }]);
}, 60_000);
afterAll(async () => {
  await postgres.stop();
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

async function begin(kind: string): Promise<void> {
  sandbox = await createSandbox({ index: index.url });
  database = kind === 'PostgreSQL' ? await postgres.createDatabase() : undefined;
  if (database !== undefined) sandbox.env.TERROIR_DATABASE = database;
  workspaceFolder = join(sandbox.folder, '.terroir');
  operations = 0;
  await sandbox.json(['image', 'copy', `oci:${join(folder, 'base')}`, 'localhost/base:1']);
}

interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into as they are
  body: any;
  headers: Headers;
}

/** How many operations were answered; a killed server answers none. */
let operations = 0;

async function call(
  served: Served,
  what: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = '', path = ''] = what.split(' ');
  const isRaw = body instanceof Uint8Array;
  const answer = await fetch(new URL(path, served.url), {
    method,
    headers: { ...(body === undefined || isRaw ? {} : { 'content-type': 'application/json' }), ...headers },
    body: isRaw ? body : body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  operations += 1;
  const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: answer.status, body: isJson ? JSON.parse(text) : text, headers: answer.headers };
}

/** So many at once; what a killed server does not answer counts as done. */
async function each(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

const v1 = '/api/v1';

async function register(served: Served, name: string, text: string): Promise<Answer> {
  return await call(served, `POST ${v1}/environments`, { name, definition: { text } });
}

const definitionOf = (at: number, version: number): string =>
  `requirements: ["grape==1.0"]\nenvironment_variables: {AT: "${at}.${version}"}\n`;

async function pushImage(served: Served, repository: string, text: string, tag: string): Promise<string> {
  const image = smallImage([text]);
  for (const content of [image.config, ...image.layers]) {
    const started = await call(served, `POST /v2/${repository}/blobs/uploads/`);
    const place = started.headers.get('location') ?? '';
    await call(served, `PUT ${place}${place.includes('?') ? '&' : '?'}digest=${sha256Of(content)}`, content, {
      'content-type': 'application/octet-stream',
    });
  }
  const put = await call(served, `PUT /v2/${repository}/manifests/${tag}`, image.manifest, { 'content-type': oci });
  expect(put.status).toBe(201);
  return image.digest;
}

async function work(served: Served, round: number): Promise<void> {
  await each(environments * 3, async (at) => {
    const name = `churn-${at % environments}`;
    expect(
      (await register(served, name, definitionOf(at % environments, Math.floor(at / environments)))).status,
    ).toBeLessThan(300);
  });
  await each(environments, async (at) => await register(served, `churn-${at}`, definitionOf(at, 2)));
  await each(environments, async (at) => await call(served, `GET ${v1}/environments/churn-${at}/versions/@latest`));
  await each(environments, async (at) => {
    const patched = await call(served, `PATCH ${v1}/environments/churn-${at}/versions/@latest`, {
      tags: { round: String(round) },
    });
    expect(patched.status).toBe(200);
  });
  await register(served, 'built', 'image: localhost/base:1\nrequirements: ["grape==1.0"]\n');
  const built = await call(served, `POST ${v1}/environments/built/versions/1/images`, { rebuild: round > 0 });
  expect(built.status, JSON.stringify(built.body)).toBe(200);
  await register(served, 'own', 'python: {user_managed: true}\n');
  await each(4, async (at) => {
    const code = { 'main.py': { text: `print(${at})\n` } };
    const { body } = await call(served, `POST ${v1}/runs`, {
      environment: 'own',
      command: ['python3', 'main.py'],
      code,
    });
    await ended(served, body.id);
  });
  await pushImage(served, 'team/kept', `kept`, 'latest');
  await pushImage(served, 'team/moving', `content of round ${round}`, 'latest');
  const gone = await pushImage(served, 'team/gone', `gone ${round}`, 'x');
  expect((await call(served, `DELETE /v2/team/gone/manifests/${gone}`)).status).toBe(202);
  const loose = Buffer.from(`nobody asks for this ${round}`);
  const hex = createHash('sha256').update(loose).digest('hex');
  await call(served, `PUT ${v1}/blobs/${hex}`, loose, { 'content-type': 'application/octet-stream' });
  const upload = await call(served, 'POST /v2/team/half/blobs/uploads/');
  await call(served, `PATCH ${upload.headers.get('location')}`, Buffer.alloc(1000), {
    'content-type': 'application/octet-stream',
  });
}

async function ended(served: Served, id: string): Promise<string> {
  for (;;) {
    const { body } = await call(served, `GET ${v1}/runs/${id}`);
    if (['Completed', 'Failed', 'Canceled'].includes(body.status)) return body.status as string;
    await delay(50);
  }
}

/** Everything at once, and the server is killed in the middle of it. */
async function killAtWork(served: Served, round: number): Promise<string> {
  // The tag is there, whatever becomes of the push that is broken off.
  if (round === 0) await pushImage(served, 'team/killed', 'w'.repeat(200_000), 'latest');
  const long = await call(served, `POST ${v1}/runs`, {
    environment: 'own',
    command: ['python3', '-c', 'import time; time.sleep(300)'],
  });
  const going = Promise.allSettled([
    each(600, async (at) => await register(served, `killed-${at % 50}`, definitionOf(at, 100 + (at % 7)))),
    call(served, `POST ${v1}/environments/built/versions/1/images`, { rebuild: true }),
    pushImage(served, 'team/killed', String(round).repeat(200_000), 'latest'),
    call(served, `PUT ${v1}/blobs/${'0'.repeat(64)}`, Buffer.alloc(3_000_000), {
      'content-type': 'application/octet-stream',
    }),
  ]);
  await delay(400);
  served.child.kill('SIGKILL');
  await served.outcome;
  await going;
  return long.body.id as string;
}

/** Takes away what the round made, as people do. */
async function cleanUp(served: Served, long: string): Promise<void> {
  await call(served, `POST ${v1}/runs/${long}/cancel`);
  expect(await ended(served, long)).toBe('Canceled');
  // The build that was killed begins anew.
  for (;;) {
    const { body } = await call(served, `GET ${v1}/builds`);
    if (body.items.every(({ status }: { status: string }) => /Completed|Failed|Canceled/.test(status))) break;
    await delay(200);
  }
  const names: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const { body } = await call(
      served,
      `GET ${v1}/environments?limit=100&archived=all${next === '' ? '' : `&cursor=${next}`}`,
    );
    names.push(...body.items.map(({ name }: { name: string }) => name));
    next = body.next;
  }
  const mine = names.filter((name) => /^(?:churn|killed)-/.test(name));
  await each(mine.length, async (at) => {
    const name = mine[at] ?? '';
    if (at % 2 === 0) await call(served, `POST ${v1}/environments/${name}/archive`);
    const { body } = await call(served, `GET ${v1}/environments/${name}/versions?archived=all`);
    for (const { version } of body.items)
      expect((await call(served, `DELETE ${v1}/environments/${name}/versions/${version}`)).status).toBe(200);
  });
}

/** As `cache gc` does it, but a day later. Answers all digests that the records need. */
async function collect(): Promise<Set<string>> {
  const workspace = await openWorkspace(workspaceFolder, { user: 'ada', database });
  const later = { grace: -24 * 60 * 60_000, uploadLifetime: -24 * 60 * 60_000 };
  const registry = createRegistry(join(workspaceFolder, 'registry'), later);
  const keep = await neededContent(workspace);
  await registry.collectGarbage({ keep, isLoose: await findLooseCopies(workspace) });
  await workspace.close();
  await makeOlder(join(sandbox.env.TERROIR_HOME ?? '', 'v1', 'tmp'));
  await sandbox.json(['cache', 'gc', '--older-than', '0']);
  return keep;
}

/** What the killed server was making looks as if it had been made two days ago. */
async function makeOlder(folder: string): Promise<void> {
  const then = new Date(Date.now() - 48 * 60 * 60_000);
  for (const name of await readdir(folder).catch(() => [])) await utimes(join(folder, name), then, then);
}

interface Stock {
  /** Every file of the workspace and of the store, by its path below them. */
  files: string[];
  /** How many rows each table has. */
  rows: Record<string, number>;
  runs: string[];
  builds: string[];
}

async function takeStock(): Promise<Stock> {
  const files: string[] = [];
  for (const [name, root] of Object.entries({ workspace: workspaceFolder, store: sandbox.env.TERROIR_HOME ?? '' })) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }))
      if (!entry.isDirectory()) files.push(join(name, relative(root, join(entry.parentPath, entry.name))));
  }
  const { ask, close } = await openRecords();
  const tables = await ask(
    database === undefined
      ? "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
      : "select tablename from pg_tables where schemaname = 'public'",
  );
  const rows: Record<string, number> = {};
  for (const table of tables.sort()) rows[table] = Number((await ask(`select count(*) from "${table}"`))[0]);
  const stock = {
    files: files.sort(),
    rows,
    runs: await ask('select id from runs'),
    builds: await ask('select id from builds'),
  };
  await close();
  return stock;
}

/** How much there is of each kind. Runs and builds are records: they and their logs stay. Content of the last round has other names. */
function sizeOf({ files, rows: { audit: _audit, runs: _runs, builds: _builds, ...rows } }: Stock) {
  const kinds = Map.groupBy(
    files.filter((path) => !/^workspace\/(?:runs|builds)\//.test(path)),
    kindOf,
  );
  return { files: [...kinds].map(([kind, paths]) => `${kind}: ${paths.length}`), rows };
}

function kindOf(path: string): string {
  return path.replaceAll(/[0-9a-f]{32,}(?=\/|$)/g, 'DIGEST').replaceAll(/\/[0-9a-f]{2}(?=\/)/g, '/..');
}

interface Records {
  /** The first column of the answer. */
  ask(query: string): Promise<string[]>;
  close(): Promise<void>;
}

/** The database, beside all that the server knows of it. */
async function openRecords(): Promise<Records> {
  const firsts = (rows: object[]): string[] => rows.map((row) => String(Object.values(row)[0]));
  if (database === undefined) {
    const file = new DatabaseSync(join(workspaceFolder, 'workspace.db'), { readOnly: true });
    const ask = (query: string): Promise<string[]> => Promise.resolve(firsts(file.prepare(query).all()));
    return { ask, close: () => Promise.resolve(file.close()) };
  }
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const ask = async (query: string): Promise<string[]> => firsts((await client.query(query)).rows as object[]);
  return { ask, close: async () => await client.end() };
}

/** What the manifests that are left name, themselves included. */
async function namedByManifests(): Promise<Set<string>> {
  const named = new Set<string>();
  const root = join(workspaceFolder, 'registry');
  for (const path of await readdir(join(root, 'repositories'), { recursive: true })) {
    const [, hex] = /_manifests\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    if (hex === undefined) continue;
    const text = await readFile(join(root, 'blobs/sha256', hex.slice(0, 2), hex), 'utf8');
    for (const digest of [`sha256:${hex}`, ...(text.match(/sha256:[0-9a-f]{64}/g) ?? [])]) named.add(digest);
  }
  return named;
}

describe.each(['SQLite', 'PostgreSQL'])(
  'a server on %s that is used, killed and collected again and again',
  {
    timeout: 300_000,
  },
  (kind) => {
    beforeAll(async () => await begin(kind), 60_000);
    afterAll(async () => await sandbox.remove());

    it('leaves nothing behind, and does not grow', async () => {
      const sizes: ReturnType<typeof sizeOf>[] = [];
      let entries: number | undefined;
      // A server that is killed a moment earlier leaves one thing less: what grows goes on growing.
      const isSettled = (): boolean => isDeepStrictEqual(sizes.at(-1), sizes.at(-2));
      for (let round = 0; round < rounds || (round < rounds + 3 && !isSettled()); round += 1) {
        let served = await startServe(sandbox, ['--port', '0', '--rate', '100000', '--log-level', 'error']);
        await work(served, round);
        const long = await killAtWork(served, round);
        served = await startServe(sandbox, ['--port', '0', '--rate', '100000', '--log-level', 'error']);
        await cleanUp(served, long);
        await served.stop();
        const needed = await collect();
        const stock = await takeStock();
        sizes.push(sizeOf(stock));
        entries = stock.rows.audit;

        // Nothing half-made, and nothing that a dead process holds.
        expect(stock.files.filter((path) => /\.tmp(?:\/|$)|\/_uploads\/|\/tmp\//.test(path))).toEqual([]);
        expect(stock.rows).toMatchObject({ leases: 0, tasks: 0, workers: 0, submissions: 0 });
        const foldersOf = (kind: string): string[] => [
          ...new Set(stock.files.flatMap((path) => new RegExp(`^workspace/${kind}/([^/]+)`).exec(path)?.[1] ?? [])),
        ];
        expect(foldersOf('runs').filter((id) => !stock.runs.includes(id))).toEqual([]);
        const logs = foldersOf('builds').filter((name) => name.startsWith('build_'));
        expect(logs.filter((name) => !stock.builds.includes(name.replace('.ndjson', '')))).toEqual([]);
        // All content is there because something names it.
        const named = await namedByManifests();
        const contents = stock.files.flatMap((path) => /\/registry\/blobs\/sha256\/..\/(.*)$/.exec(path)?.[1] ?? []);
        expect(contents.filter((hex) => !named.has(`sha256:${hex}`) && !needed.has(`sha256:${hex}`))).toEqual([]);
      }
      expect(operations).toBeGreaterThan(2000);
      expect(sizes.at(-1)).toEqual(sizes.at(-2));
      expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
      expect(await sandbox.json(['image', 'validate', 'localhost/base:1'])).toMatchObject({ valid: true });
      expect((await sandbox.json<{ entries: number }>(['audit', 'verify'])).entries).toBe(entries);
    });
  },
);

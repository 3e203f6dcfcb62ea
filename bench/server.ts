/**
 * What a team's server bears, on SQLite and on PostgreSQL: `npm run bench -- server`; with the name of a database or a part, only that. With `TERROIR_PROFILE`, profiles of the server's processor time are left in that folder. It starts the published bundle as a process of its own and is its
 * clients; all of it, the database too, shares this machine's processors.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace } from '../src/workspace/index.ts';
import { type PostgresServer, startPostgres } from '../test/kit/postgres.ts';
import { fillVersions, type Shape } from './fill-versions.ts';
import { type Latencies, loadFully, loadSteadily, render } from './http-load.ts';
import { machineShape } from './measure.ts';
import { layOutPackage } from './package.ts';
import { type Place, type Served, startServer } from './start-server.ts';

const clients = 1000;
/** How long each rate of submissions is held, in seconds. */
const holding = 20;
/** What is registered anew, and by how many connections at once. */
const registrations = 10_000;
const writers = 64;
const shapes: readonly Shape[] = [
  { environments: 100_000, versions: 10 },
  { environments: 1000, versions: 1000 },
  { environments: 10, versions: 100_000 },
];

const databases = ['SQLite', 'PostgreSQL'];
const parts = ['submissions', 'lists'];

/** `wanted` are names of databases and parts; all of them if there is none. */
export async function benchServer({
  wanted = [],
  profile,
}: {
  wanted?: string[];
  profile?: string;
} = {}): Promise<void> {
  const chosen = (all: string[]): string[] => {
    const some = all.filter((each) => wanted.some((word) => word.toLowerCase() === each.toLowerCase()));
    return some.length === 0 ? all : some;
  };
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-server-'));
  const main = layOutPackage(join(work, 'package'));
  const postgres = await startPostgres({ durable: true });
  console.log(`machine: ${machineShape()}`);
  try {
    for (const name of chosen(databases)) {
      const make = async (): Promise<Place> => await makePlace(work, name, postgres);
      if (chosen(parts).includes('submissions')) await benchSubmissions(main, await make(), profile);
      if (!chosen(parts).includes('lists')) continue;
      for (const shape of shapes) await benchLists(main, await make(), { shape, profile });
    }
  } finally {
    await postgres.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function makePlace(work: string, name: string, postgres: PostgresServer): Promise<Place> {
  const folder = mkdtempSync(join(work, 'workspace-'));
  return { name, folder, database: name === 'SQLite' ? undefined : await postgres.createDatabase() };
}

async function benchSubmissions(main: string, place: Place, profile: string | undefined): Promise<void> {
  const tokens = await makeTokens(place, clients);
  const server = await startServer(main, place, profile);
  try {
    const path = '/api/v1/environments';
    const registering = (name: string, count: number): string[] =>
      Array.from({ length: count }, (_, at) =>
        render({
          method: 'POST',
          path,
          token: tokens[at % clients] ?? '',
          body: submission(`${name}-${at % 500}`, at),
        }),
      );
    // A server that has run for a while: its code is compiled.
    await loadFully(server.url, registering('warm', 2000), writers);
    const anew = registering('new', registrations);
    await show(server, `${place.name}: register new versions of 500 environments`, {
      load: () => loadFully(server.url, anew, writers),
    });
    const known = tokens.map((token, at) =>
      render({ method: 'POST', path, token, body: submission(`known-${at}`, at) }),
    );
    await show(server, `${place.name}: register 1,000 environments`, {
      load: () => loadFully(server.url, known, writers),
    });
    const submitting = tokens.map((token, at) => [
      known[at] ?? '',
      render({ method: 'GET', path: `/api/v1/environments/known-${at}/versions/1`, token }),
    ]);
    for (const every of [5000, 2000, 1000]) {
      await show(server, `${place.name}: 1,000 clients, each submitting a known environment every ${every / 1000} s`, {
        load: () => loadSteadily(server.url, submitting, { every, seconds: holding }),
        limit: 50,
      });
    }
    const repeated = Array.from({ length: 20 }, () => submitting.flat()).flat();
    await show(server, `${place.name}: known environments, 64 connections as fast as they can`, {
      load: () => loadFully(server.url, repeated, writers),
    });
  } finally {
    await server.stop();
  }
}

async function benchLists(
  main: string,
  place: Place,
  { shape, profile }: { shape: Shape; profile: string | undefined },
): Promise<void> {
  const [token = ''] = await makeTokens(place, 1);
  await fillVersions(place.database === undefined ? { folder: place.folder } : { address: place.database }, shape);
  const server = await startServer(main, place, profile);
  const questions = {
    'first page': ['/environments'],
    'filtered by a tag that a hundredth has': ['/environments?tag=team%3Dml'],
    'filtered by category': ['/environments?category=user_managed', '/environments?category=system_managed'],
    'newest first': ['/environments?sort=-created'],
    archived: ['/environments?archived=archived'],
    'search as one types': ['f', 'fr', 'fra', 'frau', 'fraud-model-0000', '000006', 'nothing-like-it'].map(
      (text) => `/environments?search=${text}`,
    ),
    'versions of one': ['/environments/vision-model-000000/versions'],
  };
  try {
    for (const [what, paths] of Object.entries(questions)) {
      const requests = paths.map((path) => render({ method: 'GET', path: `/api/v1${path}`, token }));
      const all = Array.from({ length: Math.ceil(200 / paths.length) }, () => requests).flat();
      await loadFully(server.url, requests, 1);
      const name = `${place.name}: ${shape.environments} × ${shape.versions} versions, ${what}`;
      await show(server, name, { load: () => loadFully(server.url, all, 1), limit: 20 });
    }
  } finally {
    await server.stop();
  }
}

/** Also makes the database. */
async function makeTokens({ folder, database }: Place, count: number): Promise<string[]> {
  const workspace = await openWorkspace(folder, { create: true, user: 'bench', database });
  const tokens: string[] = [];
  for (let at = 0; at < count; at += 1)
    tokens.push((await workspace.tokens.create({ user: `client-${at}`, role: 'contributor' })).text);
  await workspace.close();
  return tokens;
}

function submission(name: string, at: number): unknown {
  const lines = Array.from({ length: 20 }, (_, n) => `  - package-${n}==${at}.${n}`);
  return {
    name,
    definition: { text: `image: mcr.example/base:1\nrequirements:\n${lines.join('\n')}\n`, path: 'environment.yml' },
  };
}

/** Says how long the answers took, and what they cost the server. */
async function show(
  server: Served,
  what: string,
  { load, limit }: { load: () => Promise<Latencies>; limit?: number },
): Promise<void> {
  const before = server.processorTime();
  const { count, seconds, p50, p99, worst, failures } = await load();
  const cost = (server.processorTime() - before) / count;
  const state = limit === undefined ? '    ' : p99 < limit ? 'ok  ' : 'SLOW';
  const figures = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`;
  const failed = Object.keys(failures).length === 0 ? '' : `, FAILED ${JSON.stringify(failures)}`;
  console.log(
    `${state} ${what}: ${Math.round(count / seconds)}/s, ${figures}, processor ${cost.toFixed(2)} ms each${failed}`,
  );
}

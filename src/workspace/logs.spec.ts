import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../test/kit/postgres.ts';
import { createElsewhere } from '../../test/kit/workspace/elsewhere.ts';
import { AppError } from '../errors/index.ts';
import { openDatabase } from './database.ts';
import { createDatabaseLogs } from './database-logs.ts';
import { openWorkspace } from './index.ts';
import type { LogStore } from './logs.ts';

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres({ durable: true });
  folder = await mkdtemp(join(tmpdir(), 'terroir-logs-'));
}, 60_000);
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

type Closing = { close(): Promise<void> };
let count = 0;
async function openLogs(
  kind: string,
  database?: string,
): Promise<{ logs: LogStore; database: string | undefined } & Closing> {
  count += 1;
  const address = database ?? (kind === 'PostgreSQL' ? await postgres.createDatabase() : undefined);
  const workspace = await openWorkspace(join(folder, String(count)), {
    create: true,
    user: 'ann',
    database: address,
    external: kind === 'files' ? undefined : createElsewhere(new Map()),
  });
  return { logs: workspace.logs, database: address, close: () => workspace.close() };
}

const name = { kind: 'run', id: 'one' } as const;
const all = { from: 0, limit: Number.MAX_SAFE_INTEGER };
const bytesOf = async (logs: LogStore): Promise<Buffer> => (await logs.read(name, all)).bytes;
const textOf = async (logs: LogStore): Promise<string> => (await bytesOf(logs)).toString();
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');

describe.each(['files', 'SQLite', 'PostgreSQL'])('logs in %s', (kind) => {
  let logs: LogStore;
  let opened: Closing;
  beforeAll(async () => {
    ({ logs, ...opened } = await openLogs(kind));
  });
  afterAll(async () => await opened.close());
  const write = async (text: string, options?: { fresh: boolean }): Promise<void> => {
    const log = await logs.open(name, options);
    await log.write(Buffer.from(text));
    expect(await log.close()).toBeUndefined();
  };

  it('are empty where there is none, and where nothing was written', async () => {
    expect(await logs.read(name, { from: 5, limit: 10 })).toEqual({ bytes: Buffer.alloc(0), size: 0 });
    const log = await logs.open(name);
    expect(await log.close()).toBeUndefined();
    expect(await logs.read(name, all)).toEqual({ bytes: Buffer.alloc(0), size: 0 });
  });

  it('go on at their end when they are opened again', async () => {
    await write('a\n', { fresh: true });
    await (await logs.open(name)).close();
    await write('b\n');
    expect(await textOf(logs)).toBe('a\nb\n');
  });

  it('begin anew where that is wanted', async () => {
    await write('old\n');
    await write('new\n', { fresh: true });
    expect(await textOf(logs)).toBe('new\n');
  });

  it('are kept apart', async () => {
    await write('of a run\n', { fresh: true });
    const other = await logs.open({ kind: 'build', id: name.id });
    await other.write(Buffer.from('of a build\n'));
    await other.close();
    expect(await textOf(logs)).toBe('of a run\n');
  });

  it('keep bytes as they are, and the order of those who do not wait', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const log = await logs.open(name, { fresh: true });
    for (let each = 0; each < 1000; each += 1) void log.write(bytes);
    expect(await log.close()).toBeUndefined();
    expect((await bytesOf(logs)).equals(Buffer.concat(Array.from({ length: 1000 }, () => bytes)))).toBe(true);
  });

  it('keep no chunk: whoever writes may use it again', async () => {
    const log = await logs.open(name, { fresh: true });
    const chunk = Buffer.from('first\n');
    await log.write(chunk);
    chunk.write('other\n');
    await log.write(chunk);
    await log.close();
    expect(await textOf(logs)).toBe('first\nother\n');
  });

  it('give any part of them, and their size', async () => {
    const text = numbered(0, 30_000);
    await write(text.slice(0, 100_000), { fresh: true });
    await write(text.slice(100_000));
    const size = text.length;
    for (const [from, limit] of [
      [0, 1],
      [0, 65_536],
      [65_535, 2],
      [65_536, 1],
      [99_999, 70_000],
      [size - 1, 10],
      [size, 10],
      [size + 10, 10],
      [3, 0],
    ] as const)
      expect(await logs.read(name, { from, limit }), `${from} ${limit}`).toEqual({
        bytes: Buffer.from(text.slice(from, from + limit)),
        size,
      });
  });

  it('show what was written while their writer goes on', async () => {
    const log = await logs.open(name, { fresh: true });
    for (const [line, expected] of [
      ['one\n', 'one\n'],
      ['two\n', 'one\ntwo\n'],
    ] as const) {
      await log.write(Buffer.from(line));
      const startedAt = performance.now();
      while ((await textOf(logs)) !== expected) await sleep(10);
      expect(performance.now() - startedAt).toBeLessThan(1000);
    }
    await log.close();
  });
});

describe.each(['SQLite', 'PostgreSQL'])('the writers of a log in %s', (kind) => {
  it('are one at a time: the last who opened it, from where the others were', async () => {
    const { logs, close } = await openLogs(kind);
    const first = await logs.open(name);
    await first.write(Buffer.from('first\n'));
    while ((await textOf(logs)) === '') await sleep(10);
    const second = await logs.open(name);
    await first.write(Buffer.from('I was not dead\n'));
    expect(await first.close()).toMatchObject({ message: 'somebody else goes on with the log run/one' });
    await first.write(Buffer.from('nobody sees this\n'));
    await second.write(Buffer.from('second\n'));
    expect(await second.close()).toBeUndefined();
    expect(await textOf(logs)).toBe('first\nsecond\n');
    await close();
  });

  it('wait for a database that is slower than they are', async () => {
    const { logs, close } = await openLogs(kind);
    const log = await logs.open(name);
    const chunk = Buffer.alloc(1 << 16, 'x');
    for (let each = 0; each < 100; each += 1) {
      await log.write(chunk);
      const { size } = await logs.read(name, { from: 0, limit: 0 });
      expect((each + 1) * chunk.length - size).toBeLessThanOrEqual(2 << 20);
    }
    expect(await log.close()).toBeUndefined();
    expect((await logs.read(name, { from: 0, limit: 0 })).size).toBe(100 * chunk.length);
    await close();
  });
});

describe('a database that is away', () => {
  it('is waited for, and gets what was written meanwhile', { timeout: 60_000 }, async () => {
    const { logs, close } = await openLogs('PostgreSQL');
    const log = await logs.open(name);
    await log.write(Buffer.from(numbered(0, 10)));
    while ((await textOf(logs)) === '') await sleep(10);
    // In the middle of writing: what was taken in without an answer must not come twice.
    const writing = log.write(Buffer.from(numbered(10, 100_000)));
    await sleep(5);
    await postgres.kill();
    await writing;
    const startedAt = performance.now();
    for (let each = 100_000; each < 100_100; each += 1) await log.write(Buffer.from(numbered(each, each + 1)));
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await sleep(1500);
    await postgres.start();
    expect(await log.close()).toBeUndefined();
    expect(await textOf(logs)).toBe(numbered(0, 100_100));
    await close();
  });

  it('need not say that it took something in for that to stand there once', async () => {
    const database = await openDatabase(join(folder, 'silent'));
    let silences = 0;
    const silent = database.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        if ((result.numAffectedRows ?? 0n) === 0n || silences++ % 2 === 0) return result;
        throw new AppError('UNREACHABLE', 'it is away', { details: { database: true } });
      },
    });
    const log = await createDatabaseLogs(silent).open(name);
    await log.write(Buffer.from(numbered(0, 20_000)));
    expect(await log.close()).toBeUndefined();
    expect(silences).toBeGreaterThan(3);
    expect(await textOf(createDatabaseLogs(database))).toBe(numbered(0, 20_000));
    await database.destroy();
  });

  it('holds nobody up for long who wants to stop', { timeout: 60_000 }, async () => {
    const { logs, close } = await openLogs('PostgreSQL');
    const stop = new AbortController();
    const log = await logs.open(name, { stop: stop.signal });
    await postgres.kill();
    await log.write(Buffer.from('lost\n'));
    stop.abort();
    const startedAt = performance.now();
    expect(await log.close()).toMatchObject({ code: 'UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await postgres.start();
    await close();
  });
});

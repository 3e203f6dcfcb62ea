import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace, type Workspace } from '../../src/workspace/index.ts';
import { createPeer, race } from '../kit/workspace/peers.ts';
import { allPages, sampleRequest } from '../kit/workspace/samples.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'terroir-processes-'));
  folder = join(root, 'workspace');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function inWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(folder, { user: 'ann' });
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}

const numbers = (done: Record<string, unknown>[], key: string): number[] =>
  done.map((item) => Number(item[key])).sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('eight processes at the same moment, in a workspace that none has opened before', () => {
  it('register different definitions as different versions, none left out', async () => {
    const done = await race(folder, 'register-different', { count: 25 });
    expect(numbers(done, 'version')).toEqual(upTo(200));
    expect(new Set(done.map(({ outcome }) => outcome))).toEqual(new Set(['created']));
    const versions = await inWorkspace(({ environments }) =>
      allPages((page) => environments.listVersions('iris', page), 50),
    );
    expect(versions.map(({ version }) => Number(version))).toEqual(upTo(200).reverse());
    expect(new Set(versions.map(({ fingerprint }) => fingerprint)).size).toBe(200);
  });

  it('register the same definition once', async () => {
    const done = await race(folder, 'register-same', { count: 5 });
    expect(new Set(done.map(({ id }) => id)).size).toBe(1);
    expect(done.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    const { items } = await inWorkspace(({ environments }) => environments.listVersions('iris', { limit: 10 }));
    expect(items.map(({ version }) => version)).toEqual(['1']);
  });

  it('lock the same definition: the first lock wins for all', async () => {
    const done = await race(folder, 'lock');
    const [{ first } = { first: '' }] = done;
    expect(done).toEqual(Array.from({ length: 8 }, () => ({ first, bound: first, revision: 1 })));
    const { fingerprint } = sampleRequest('iris', 'same');
    const revisions = await inWorkspace(({ locks }) => locks.list(fingerprint));
    expect(revisions.map(({ lock }) => lock.digest)).toEqual([first]);
  });

  it('relock: each gets a revision of its own', async () => {
    const done = await race(folder, 'relock', { count: 5 });
    expect(numbers(done, 'revision')).toEqual(upTo(40));
    const { fingerprint } = sampleRequest('iris', 'same');
    const revisions = await inWorkspace(({ locks }) => locks.list(fingerprint));
    for (const { revision, digest } of done) {
      expect(revisions.find((row) => row.revision === revision)?.lock.digest).toBe(digest);
    }
  });

  it('register models as different versions, and share one secret key', async () => {
    expect(numbers(await race(folder, 'model', { count: 5 }), 'version')).toEqual(upTo(40));
    const keys = await race(folder, 'secret-key');
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
  });

  it('want one lease: one of them has it, and when it is gone another one may', async () => {
    expect((await race(folder, 'lease')).filter(({ taken }) => taken)).toHaveLength(1);
    expect(await race(folder, 'lease', { peers: 1 })).toEqual([{ taken: true }]);
  });
});

describe('processes that are killed', () => {
  it('in the midst of writing lose nothing that they had done', { timeout: 120_000 }, async () => {
    const done: Record<string, unknown>[] = [];
    for (let round = 0; round < 20; round += 1) {
      const peers = await Promise.all(
        [1, 2].map((n) => createPeer(folder, 10 * round + n, 'everything', { count: 1_000_000 })),
      );
      for (const peer of peers) peer.start();
      await delay(20 + Math.random() * 250);
      for (const peer of peers) peer.process.kill('SIGKILL');
      await Promise.all(peers.map(({ ended }) => ended));
      done.push(...peers.flatMap((peer) => peer.done));
    }
    expect(done.length).toBeGreaterThan(20);
    await checkConsistency(done);
  });

  it('in the midst of making a workspace leave one that works', { timeout: 120_000 }, async () => {
    const folders = upTo(40).map((n) => join(root, `w${n}`));
    for (let start = 0; start < folders.length; start += 4) {
      await Promise.all(
        folders.slice(start, start + 4).map(async (each, index) => {
          const peer = await createPeer(each, 1, 'register-same', { count: 1 });
          peer.start();
          await delay(((start + index) / folders.length) * 120);
          peer.process.kill('SIGKILL');
          await peer.ended;
        }),
      );
    }
    let unfinished = 0;
    for (folder of folders) {
      const before = await readdir(folder).catch((): string[] => []);
      if (!before.includes('workspace.db') || before.includes('workspace.db-wal')) unfinished += 1;
      const workspace = await openWorkspace(folder, { create: true, user: 'ann' });
      const { version } = await workspace.environments.register(sampleRequest('iris', 'same'));
      expect(version.version).toBe('1');
      await workspace.close();
    }
    // Else the test was too slow with its knife.
    expect(unfinished).toBeGreaterThan(0);
  });

  it('leave runs that the next one ends', async () => {
    const peer = await createPeer(folder, 1, 'everything', { count: 1_000_000 });
    peer.start();
    while (peer.done.length < 6) await delay(5);
    const alive = await inWorkspace(({ runs }) => runs.endOrphans());
    expect(alive).toEqual([]);
    peer.process.kill('SIGKILL');
    await peer.ended;
    const running = await inWorkspace(({ runs }) => allPages((page) => runs.list({ ...page, status: 'Running' }), 50));
    expect(running.length).toBeGreaterThanOrEqual(3);
    const ended = await inWorkspace(({ runs }) => runs.endOrphans());
    expect(ended.map(({ id }) => id)).toEqual(expect.arrayContaining(running.map(({ id }) => id)));
    for (const { status, error, endedAt } of ended) {
      expect(status).toBe('Failed');
      expect(endedAt).not.toBeNull();
      expect(error).toMatchObject({ code: 'RUN_LOST', message: expect.stringContaining('process that drove the run') });
    }
    expect(await inWorkspace(({ runs }) => runs.endOrphans())).toEqual([]);
  });
});

async function checkConsistency(done: Record<string, unknown>[]): Promise<void> {
  await inWorkspace(async ({ environments, runs, blobs, locks }) => {
    const versions = await allPages((page) => environments.listVersions('iris', page), 200);
    expect(versions.map(({ version }) => Number(version))).toEqual(upTo(versions.length).reverse());
    expect(new Set(versions.map(({ fingerprint }) => fingerprint)).size).toBe(versions.length);
    expect((await blobs.verify()).damaged).toEqual([]);
    for (const { version, digest, run } of done) {
      const kept = await environments.get('iris', String(version));
      expect(kept?.tags).toEqual({ blob: digest });
      expect(await blobs.size(String(digest))).toBeDefined();
      expect((await runs.get(String(run))).environment.version).toBe(version);
      expect((await locks.bound(kept?.id ?? 0, 'linux-64'))?.revision).toBe(1);
    }
    // What was registered has its content: the blob comes first.
    for (const { tags } of versions) expect(await blobs.size(tags.blob ?? '')).toBeDefined();
  });
  const database = new DatabaseSync(join(folder, 'workspace.db'));
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(database.prepare('pragma foreign_key_check').all()).toEqual([]);
  database.close();
}

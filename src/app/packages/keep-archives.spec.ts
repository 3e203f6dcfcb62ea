import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleLock } from '../../../test/kit/workspace/samples.ts';
import { type Lock, sha256 } from '../../schema/index.ts';
import { createStore } from '../../store/index.ts';
import { openWorkspace, type Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { keepArchives } from './keep-archives.ts';

describe('the archives of a run', () => {
  let folder: string;
  let workspace: Workspace;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-keep-'));
    workspace = await openWorkspace(join(folder, 'workspace'), { create: true, user: 'ada' });
  });
  afterAll(async () => {
    await workspace.close();
    await rm(folder, { recursive: true, force: true });
  });

  const names = ['fetched', 'elsewhere'];
  const digests = names.map((name) => sha256(name));
  const lock = sampleLock('f'.repeat(64));
  const packages = names.map((name) => ({ ...lock.packages[0], name, sha256: sha256(name), size: name.length }));
  const used = { ...lock, packages } as Lock;

  const appWith = (storeFolder: string): App => {
    const store = createStore({ root: join(folder, storeFolder) });
    const signal = new AbortController().signal;
    const parts = { store, signal, emit: () => undefined, openWorkspace: async () => await Promise.resolve(workspace) };
    return parts as unknown as App;
  };

  it('count as kept only where they are, and the next run that has them keeps them', async () => {
    const app = appWith('store');
    const add = async (name: string): Promise<void> => {
      const file = join(folder, name);
      await writeFile(file, name);
      await app.store.addArchive(file);
    };
    const keep = async (): Promise<string[]> => {
      await keepArchives(app, used, 'the run');
      return await workspace.locks.keptArchives(lock.digest);
    };
    await add('fetched');
    expect(await keep()).toEqual(digests.slice(0, 1));
    await add('elsewhere');
    expect((await keep()).sort()).toEqual([...digests].sort());
    for (const digest of digests) expect(await workspace.blobs.size(digest)).toBeGreaterThan(0);
  });

  it('count as kept where the workspace has them already', async () => {
    const { digest } = await workspace.blobs.put('built earlier');
    const other = { ...used, digest: 'other', packages: [{ ...used.packages[0], sha256: digest }] } as Lock;
    await keepArchives(appWith('empty'), other, 'the run');
    expect(await workspace.locks.keptArchives('other')).toEqual([digest]);
  });
});

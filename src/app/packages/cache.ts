import type { GarbageReport } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import type { StoreSummary } from '../../store/index.ts';
import type { App } from '../app.ts';
import { findLooseCopies } from '../images/base-image.ts';
import { openWorkspaceRegistry } from '../images/workspace-registry.ts';
import { neededContent } from './needed-content.ts';

export interface CacheSummary extends StoreSummary {
  /** The workspace's: images, and what its records name. Of one elsewhere only what is on its way there. */
  registry: { root: string; count: number; bytes: number };
}

export async function showCache(app: App): Promise<CacheSummary> {
  const registry = await openWorkspaceRegistry(app);
  return { ...(await app.store.describe()), registry: { root: registry.root, ...(await registry.measure()) } };
}

export interface CacheCheck {
  checked: number;
  damaged: { path: string; reason: string }[];
}

/** Reads everything that this machine keeps, and the workspace's content. What is damaged on the machine goes, so that the next use brings it again. */
export async function verifyCache(app: App, options: { repair: boolean }): Promise<CacheCheck> {
  const workspace = await app.openWorkspace();
  return await step(app.emit, 'Checking what is kept', async (current) => {
    const store = await app.store.verify({
      repair: options.repair,
      signal: app.signal,
      onProgress: (checked) => current.progress(checked),
    });
    const result: CacheCheck = { checked: store.checked, damaged: [...store.damaged] };
    for (const { key } of await app.prefixes.list()) {
      app.signal.throwIfAborted();
      const prefix = await app.prefixes.verify(key);
      result.checked += prefix.checked;
      result.damaged.push(...prefix.damaged);
      if (prefix.damaged.length > 0 && options.repair) await app.prefixes.remove(key);
    }
    const blobs = await workspace.blobs.verify({ signal: app.signal });
    result.checked += blobs.checked;
    result.damaged.push(...blobs.damaged);
    return result;
  });
}

export interface CacheGarbage {
  /** All together. */
  removed: { count: number; bytes: number };
  /** Of it what the workspace's registry had. */
  registry: GarbageReport;
}

/** Removes what no lock of this workspace needs and nobody used lately, and from its registry what neither an image nor a record names. */
export async function collectGarbage(
  app: App,
  options: { olderThanDays: number; dryRun: boolean },
): Promise<CacheGarbage> {
  const workspace = await app.openWorkspace();
  const revisions = await workspace.locks.all();
  const keepArchives = new Set(revisions.flatMap(({ lock }) => lock.packages.map(({ sha256 }) => sha256)));
  const keepLocks = new Set(revisions.map(({ lock }) => lock.digest));
  const prefixes = await app.prefixes.gc({ keepLocks, ...options });
  const store = await app.store.gc({ keepArchives, ...options });
  // Whoever pushes or builds may rely on a day.
  const grace = Math.max(1, options.olderThanDays) * day;
  const needed = await neededContent(workspace);
  const { dryRun } = options;
  const registry = await (await openWorkspaceRegistry(app)).collectGarbage({
    grace,
    keep: needed,
    isLoose: await findLooseCopies(workspace),
    dryRun,
    signal: app.signal,
  });
  const keep = { has: (digest: string) => needed.has(`sha256:${digest}`) };
  const contents = await workspace.blobs.gc(keep, { minimumAge: grace, dryRun, signal: app.signal });
  registry.removed += contents.removed;
  registry.bytes += contents.bytes;
  return {
    removed: {
      count: prefixes.removed.count + store.removed.count + registry.removed + registry.manifests + registry.uploads,
      bytes: prefixes.removed.bytes + store.removed.bytes + registry.bytes,
    },
    registry,
  };
}

const day = 24 * 60 * 60_000;

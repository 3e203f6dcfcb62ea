import { join } from 'node:path';
import { listFolder, removeFile, statIfExists, withFileLock } from '../../io/index.ts';
import type { Content } from './content.ts';
import { type Layout, ownFolders } from './layout.ts';
import { lastUse, retire } from './retire.ts';
import { sweepManifests } from './sweep-manifests.ts';
import { walkContent, walkDigests, walkRepositories } from './walk.ts';

export interface GarbageOptions {
  /** Digests of content and manifests that somebody else knows and needs. */
  keep?: ReadonlySet<string>;
  /** Tags that hold nothing by themselves; of those that nobody used lately. None if not given. */
  isLoose?: (repository: string, tag: string) => boolean;
  /** Milliseconds for which what nobody names stays; the registry's own if not given. */
  grace?: number;
  /** Only counts. */
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface GarbageReport {
  /** Content that nothing names any more. */
  removed: number;
  bytes: number;
  /** Manifests without a tag that nothing needs. */
  manifests: number;
  /** Blobs that a repository had and no manifest of it names. Their content goes if it is in no other repository. */
  unlinked: number;
  /** Uploads that nobody went on with. */
  uploads: number;
}

interface Times {
  grace: number;
  uploadLifetime: number;
}

/**
 * Removes manifests that nothing holds (see `sweepManifests`) and what no manifest names, if nobody used it during the grace, while others push and pull: see `retire`.
 * One at a time; nobody else waits for it. @throws AppError BUSY if another process is at it, CANCELED.
 */
export async function collectGarbage(
  layout: Layout,
  content: Content,
  { grace, uploadLifetime, ...options }: Times & GarbageOptions,
): Promise<GarbageReport> {
  const work = async (): Promise<GarbageReport> => {
    const report: GarbageReport = { removed: 0, bytes: 0, manifests: 0, unlinked: 0, uploads: 0 };
    const times = { before: Date.now() - grace, dryRun: options.dryRun };
    const sweep: Sweep = {
      layout,
      content,
      report,
      ...options,
      ...times,
      mayGo: (path) => mayGo(times, path),
      removeLeftover: (path) => removeLeftover(times, path),
    };
    const live = new Set(options.keep);
    for await (const repository of walkRepositories(layout)) {
      await sweepRepository(sweep, repository, live);
      await removeUploads(sweep, repository, Date.now() - uploadLifetime);
    }
    await sweepContent(sweep, live);
    return report;
  };
  return await withFileLock(join(layout.locks, 'garbage'), work, { timeout: 0 });
}

/** One collection, as its parts share it. */
export interface Sweep extends GarbageOptions {
  layout: Layout;
  content: Content;
  /** What was used later stays. */
  before: number;
  report: GarbageReport;
  /** Removes a file that nobody used lately; true if it is gone, or would be. */
  mayGo(path: string): Promise<boolean>;
  /** What a killed process left half-made. */
  removeLeftover(path: string): Promise<void>;
}

/** Removes the manifests that nothing needs and unlinks what no manifest names; what is left is added to `live`. */
async function sweepRepository(sweep: Sweep, repository: string, live: Set<string>): Promise<void> {
  const { layout, report } = sweep;
  const left = await sweepManifests(sweep, repository);
  if (left === undefined)
    for await (const { digest } of walkDigests(layout, repository, 'manifests'))
      if (digest !== undefined) live.add(digest);
  for (const digest of left?.manifests ?? []) live.add(digest);
  for await (const { digest, path } of walkDigests(layout, repository, 'blobs')) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) await sweep.removeLeftover(path);
    else if (left !== undefined && !left.named.has(digest) && (await sweep.mayGo(path))) report.unlinked += 1;
    else live.add(digest);
  }
}

async function sweepContent(sweep: Sweep, live: ReadonlySet<string>): Promise<void> {
  for await (const { digest, path } of walkContent(sweep.layout)) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) {
      await sweep.removeLeftover(path);
      continue;
    }
    if (live.has(digest)) continue;
    const stats = await statIfExists(path);
    if (stats === undefined || !(await sweep.mayGo(path))) continue;
    sweep.report.removed += 1;
    // Bytes that are linked elsewhere stay on the disk.
    if (stats.nlink === 1) sweep.report.bytes += stats.size;
  }
}

type Age = Pick<Sweep, 'before' | 'dryRun'>;

async function mayGo({ before, dryRun }: Age, path: string): Promise<boolean> {
  if (dryRun !== true) return (await retire(path, before)) !== undefined;
  const stats = await statIfExists(path);
  return stats !== undefined && lastUse(stats) <= before;
}

async function removeUploads(sweep: Sweep, repository: string, before: number): Promise<void> {
  const folder = join(sweep.layout.repository(repository), ownFolders.uploads);
  for (const { name } of await listFolder(folder)) {
    const stats = await statIfExists(join(folder, name));
    if (stats === undefined || stats.mtimeMs > before) continue;
    if (sweep.dryRun !== true && !(await removeFile(join(folder, name)))) continue;
    sweep.report.uploads += 1;
    sweep.report.bytes += stats.size;
  }
}

async function removeLeftover({ before, dryRun }: Age, path: string): Promise<void> {
  const stats = await statIfExists(path);
  if (stats !== undefined && lastUse(stats) <= before && dryRun !== true) await removeFile(path);
}

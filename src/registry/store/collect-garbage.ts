import { join } from 'node:path';
import {
  listFolder,
  readBytesIfExists,
  readTextIfExists,
  removeFile,
  statIfExists,
  withFileLock,
} from '../../io/index.ts';
import { algorithmOf, digestOf } from '../names.ts';
import type { Content } from './content.ts';
import { type Layout, ownFolders } from './layout.ts';
import { readManifest } from './read-manifest.ts';
import { lastUse, retire } from './retire.ts';
import { walkContent, walkDigests, walkRepositories } from './walk.ts';

export interface GarbageOptions {
  /** Digests of content that somebody else knows and needs. */
  keep?: ReadonlySet<string>;
  /** Only counts. */
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface GarbageReport {
  /** Content that nothing names any more. */
  removed: number;
  bytes: number;
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
 * Removes what no manifest names and nobody used during the grace, while others push and pull: see `retire`. Manifests stay, tagged or not.
 * One at a time; nobody else waits for it. @throws AppError BUSY if another process is at it, CANCELED.
 */
export async function collectGarbage(
  layout: Layout,
  content: Content,
  { grace, uploadLifetime, ...options }: Times & GarbageOptions,
): Promise<GarbageReport> {
  const work = async (): Promise<GarbageReport> => {
    const report: GarbageReport = { removed: 0, bytes: 0, unlinked: 0, uploads: 0 };
    const sweep: Sweep = { layout, content, before: Date.now() - grace, report, ...options };
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

interface Sweep extends GarbageOptions {
  layout: Layout;
  content: Content;
  /** What was used later stays. */
  before: number;
  report: GarbageReport;
}

/** Unlinks what no manifest of the repository names; what it still has afterwards is added to `live`. */
async function sweepRepository(sweep: Sweep, repository: string, live: Set<string>): Promise<void> {
  const { layout, report } = sweep;
  const named = new Set<string>();
  let isReadable = true;
  for await (const { digest, path } of walkDigests(layout, repository, 'manifests')) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) {
      await removeLeftover(sweep, path);
      continue;
    }
    live.add(digest);
    const references = await referencesOf(sweep, path, digest);
    if (references === undefined) isReadable = false;
    for (const reference of references ?? []) named.add(reference);
  }
  for await (const { digest, path } of walkDigests(layout, repository, 'blobs')) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) await removeLeftover(sweep, path);
    else if (isReadable && !named.has(digest) && (await mayGo(sweep, path))) report.unlinked += 1;
    else live.add(digest);
  }
}

/** Undefined if the manifest is damaged: then nobody knows what it named, and all that may be its own has to stay. */
async function referencesOf({ content }: Sweep, path: string, digest: string): Promise<string[] | undefined> {
  const bytes = await readBytesIfExists(content.path(digest));
  const record = await readTextIfExists(path);
  // It was deleted a moment ago.
  if (record === undefined) return [];
  if (bytes === undefined || digestOf(bytes, algorithmOf(digest)) !== digest) return undefined;
  const { mediaType } = JSON.parse(record) as { mediaType: string };
  return readManifest(bytes, mediaType).references.map((reference) => reference.digest);
}

async function sweepContent(sweep: Sweep, live: ReadonlySet<string>): Promise<void> {
  for await (const { digest, path } of walkContent(sweep.layout)) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) {
      await removeLeftover(sweep, path);
      continue;
    }
    if (live.has(digest)) continue;
    const stats = await statIfExists(path);
    if (stats === undefined || !(await mayGo(sweep, path))) continue;
    sweep.report.removed += 1;
    // Bytes that are linked elsewhere stay on the disk.
    if (stats.nlink === 1) sweep.report.bytes += stats.size;
  }
}

async function mayGo({ before, dryRun }: Sweep, path: string): Promise<boolean> {
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

/** What a killed process left half-made. */
async function removeLeftover({ before, dryRun }: Sweep, path: string): Promise<void> {
  const stats = await statIfExists(path);
  if (stats !== undefined && lastUse(stats) <= before && dryRun !== true) await removeFile(path);
}

import { basename, resolve } from 'node:path';
import { AppError, isAppError } from '../errors/index.ts';
import { hashFile, inParallel, readFolder, readSmallFile } from '../io/index.ts';
import { sha256 } from '../schema/index.ts';
import { heaviestPaths } from './heaviest-paths.ts';
import { readIgnoreLevels } from './ignore-levels.ts';
import type { LeftOut } from './left-out.ts';
import { limits } from './limits.ts';
import { snapshotManifest } from './manifest.ts';
import { isPrivateKey, longestKey } from './never-included.ts';
import type { KeepContent, SnapshotEntry } from './snapshot-entry.ts';
import { type FoundFile, walkFolder } from './walk-folder.ts';

export interface CollectOptions {
  /** Bytes; 300 MB if not given. */
  maximumSize?: number;
  /** Where the content goes; without it, it is only digested. */
  keep?: KeepContent;
  /** Absolute paths of folders that are no part of it, such as a workspace of another name. */
  exclude?: readonly string[];
  signal?: AbortSignal;
}

export interface Snapshot {
  /** SHA-256 of the manifest, so the manifest can be kept by it. */
  digest: string;
  files: number;
  size: number;
  entries: SnapshotEntry[];
  leftOut: LeftOut[];
}

const parallel = 8;

/**
 * Collects what of a folder belongs to a run: everything but what `.amlignore` (then no `.gitignore` counts) or the `.gitignore` files name,
 * and what never is part of a snapshot.
 * @throws AppError SNAPSHOT_TOO_LARGE, FILE_NOT_FOUND, PERMISSION_DENIED.
 */
export async function collectSnapshot(folder: string, options: CollectOptions = {}): Promise<Snapshot> {
  const root = resolve(folder);
  readFolder(root);
  const found = await walkFolder(root, {
    levels: await readIgnoreLevels(root),
    exclude: options.exclude ?? [],
    maximumFiles: limits.files,
    signal: options.signal,
  });
  checkSize(root, found.files, options.maximumSize ?? limits.size);
  const taken = await inParallel(found.files, parallel, async (file) => {
    options.signal?.throwIfAborted();
    return await takeFile(file, options.keep);
  });
  const { leftOut } = found;
  const files: SnapshotEntry[] = [];
  for (const [index, result] of taken.entries()) {
    const { path } = found.files[index] ?? { path: '' };
    if (typeof result === 'string') leftOut.push({ path, reason: result });
    else if (result !== undefined) files.push(result);
  }
  const links = found.links.map(({ path, target }): SnapshotEntry => ({ type: 'link', path, target }));
  const entries = [...files, ...links].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    digest: sha256(snapshotManifest(entries)),
    files: entries.length,
    size: files.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0),
    entries,
    leftOut: leftOut.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Undefined for a file that is gone meanwhile: a run's folder may be in use. */
async function takeFile(
  { path, absolute, facts }: FoundFile,
  keep: KeepContent | undefined,
): Promise<SnapshotEntry | 'secret' | 'unusable' | undefined> {
  try {
    const content = facts.size <= longestKey ? readSmallFile(absolute) : undefined;
    if (content !== undefined && isPrivateKey(basename(path), content)) return 'secret';
    const { digest, size } = await takeContent(absolute, content, keep);
    return { type: 'file', path, executable: facts.executable, digest, size };
  } catch (error) {
    if (isAppError(error, 'FILE_NOT_FOUND')) return undefined;
    if (isAppError(error, 'PERMISSION_DENIED')) return 'unusable';
    throw error;
  }
}

async function takeContent(
  file: string,
  content: Uint8Array | undefined,
  keep: KeepContent | undefined,
): Promise<{ digest: string; size: number }> {
  if (content !== undefined)
    return keep === undefined ? { digest: sha256(content), size: content.byteLength } : await keep.put(content);
  if (keep !== undefined) return await keep.putFile(file);
  const { sha256: digest, size } = await hashFile(file);
  return { digest, size };
}

function checkSize(root: string, files: readonly FoundFile[], maximumSize: number): void {
  const size = files.reduce((sum, file) => sum + file.facts.size, 0);
  if (size <= maximumSize) return;
  const heaviest = heaviestPaths(files.map(({ path, facts }) => ({ path, size: facts.size })));
  const list = heaviest.map(({ path, size }) => `  ${megabytes(size).padStart(9)}  ${path}`).join('\n');
  throw new AppError(
    'SNAPSHOT_TOO_LARGE',
    `\`${root}\` holds ${megabytes(size)} that would belong to the run; the limit is ${megabytes(maximumSize)}. The most of it:\n${list}`,
    {
      hint: 'Name what the run does not need in `.amlignore` (its syntax is that of `.gitignore`), and pass data as an input.',
      details: { size, maximumSize, heaviest },
    },
  );
}

function megabytes(size: number): string {
  return `${(size / 1e6).toFixed(1)} MB`;
}

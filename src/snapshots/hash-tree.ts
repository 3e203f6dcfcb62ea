import { basename, join, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { fileFacts, hashFile, inParallel, readFolder, realPath } from '../io/index.ts';
import { sha256 } from '../schema/index.ts';
import { snapshotManifest } from './manifest.ts';
import type { KeepContent, SnapshotEntry } from './snapshot-entry.ts';
import { targetInside } from './walk-folder.ts';

export interface TreeFacts {
  kind: 'file' | 'tree';
  /** Of a file its content's SHA-256, of a tree its manifest's. */
  digest: string;
  size: number;
  files: number;
  /** Of a file one entry, with the file's name. */
  entries: SnapshotEntry[];
}

export interface HashOptions {
  /** Where the content goes; without it, it is only digested. */
  keep?: KeepContent;
  signal?: AbortSignal;
}

interface FoundFile {
  path: string;
  absolute: string;
  executable: boolean;
}

const parallel = 8;

/**
 * Digests an output or a model, a file or a whole folder; nothing is left out but sockets, devices and links to nothing. Links that point out
 * of the folder count as what they point to.
 * @throws AppError FILE_NOT_FOUND, PERMISSION_DENIED.
 */
export async function hashTree(path: string, options: HashOptions = {}): Promise<TreeFacts> {
  const root = realPath(resolve(path));
  const facts = root === undefined ? undefined : fileFacts(root);
  if (root === undefined || facts === undefined) throw new AppError('FILE_NOT_FOUND', `\`${path}\` does not exist`);
  const found =
    facts.kind === 'folder'
      ? findAll(root)
      : { files: [{ path: basename(path), absolute: root, executable: facts.executable }], links: [] };
  const files = await inParallel(
    found.files,
    parallel,
    async ({ path, absolute, executable }): Promise<SnapshotEntry & { type: 'file' }> => {
      options.signal?.throwIfAborted();
      return { type: 'file', path, executable, ...(await takeContent(absolute, options.keep)) };
    },
  );
  const entries: SnapshotEntry[] = [...files, ...found.links].sort((a, b) => (a.path < b.path ? -1 : 1));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const [first] = files;
  if (facts.kind !== 'folder' && first !== undefined)
    return { kind: 'file', digest: first.digest, size, files: 1, entries };
  return { kind: 'tree', digest: sha256(snapshotManifest(entries)), size, files: entries.length, entries };
}

async function takeContent(file: string, keep: KeepContent | undefined): Promise<{ digest: string; size: number }> {
  if (keep !== undefined) return await keep.putFile(file);
  const { sha256: digest, size } = await hashFile(file);
  return { digest, size };
}

function findAll(root: string): { files: FoundFile[]; links: SnapshotEntry[] } {
  const files: FoundFile[] = [];
  const links: SnapshotEntry[] = [];
  /** `above`: the real folders that we are in; a link back to one of them has no end. */
  const take = (path: string, absolute: string, above: readonly string[]): void => {
    const facts = fileFacts(absolute);
    if (facts?.kind === 'folder') {
      const real = realPath(absolute) ?? absolute;
      if (above.includes(real)) return;
      for (const { name } of readFolder(absolute))
        take(path === '' ? name : `${path}/${name}`, join(absolute, name), [...above, real]);
    } else if (facts?.kind === 'file') files.push({ path, absolute, executable: facts.executable });
    else if (facts?.kind === 'link') takeLink(path, absolute, above);
  };
  const takeLink = (path: string, absolute: string, above: readonly string[]): void => {
    const target = absolute === join(root, path) ? targetInside(root, root, path) : undefined;
    const real = realPath(absolute);
    if (target !== undefined) links.push({ type: 'link', path, target });
    else if (real !== undefined) take(path, real, above);
  };
  take('', root, []);
  return { files, links };
}

import { join } from 'node:path';
import {
  type FileAccess,
  layoutPath,
  type ReadResult,
  type ReferencedFile,
  readDefinition,
} from '../../definition/index.ts';
import type { SourceDocument } from '../../documents/index.ts';
import { writeAtomically } from '../../io/index.ts';
import { canonicalJson } from '../../schema/index.ts';
import { restoreSnapshot, type SnapshotEntry } from '../../snapshots/index.ts';
import type { EnvironmentVersion, StoredFile, Workspace } from '../../workspace/index.ts';

type TreeEntries = NonNullable<ReferencedFile['entries']>;

/** Keeps everything that a definition was read from. `files` is where its files are now. */
export async function storeFiles(
  workspace: Workspace,
  read: Pick<ReadResult, 'sources' | 'files'>,
  files: FileAccess,
): Promise<StoredFile[]> {
  const { blobs } = workspace;
  const stored: StoredFile[] = [];
  for (const [index, source] of read.sources.entries()) {
    const { digest, size } = await blobs.put(source.text);
    stored.push({ path: source.path, digest, size, kind: 'file', role: index === 0 ? 'main' : 'text' });
  }
  const texts = new Set(read.sources.map(({ path }) => path));
  for (const file of read.files) {
    if (file.kind === 'tree') stored.push(await storeTree(workspace, file, files));
    else if (!texts.has(file.path)) {
      const content = await files.readBytes(file.path);
      if (content === undefined) continue;
      const { digest, size } = await blobs.put(content);
      stored.push({ path: file.path, digest, size, kind: 'file', role: 'content' });
    }
  }
  return stored;
}

async function storeTree({ blobs }: Workspace, file: ReferencedFile, files: FileAccess): Promise<StoredFile> {
  for (const entry of file.entries ?? []) {
    // Its size is asked for because garbage collection spares what was asked for.
    if (entry.type === 'link' || (await blobs.size(entry.digest)) !== undefined) continue;
    const content = await files.readBytes(file.path === '.' ? entry.path : `${file.path}/${entry.path}`);
    if (content !== undefined) await blobs.put(content);
  }
  const { digest, size } = await blobs.put(canonicalJson(file.entries ?? []));
  return { path: file.path, digest, size, kind: 'tree', role: 'content' };
}

/** The files of a registered version, as if they still stood around its definition. */
export function accessStored({ blobs }: Workspace, stored: readonly StoredFile[]): FileAccess {
  const files = new Map(stored.filter(({ kind }) => kind === 'file').map((file) => [file.path, file]));
  const trees = stored.filter(({ kind }) => kind === 'tree');
  const entriesOf = async (tree: StoredFile): Promise<TreeEntries> =>
    JSON.parse((await blobs.read(tree.digest)).toString('utf8')) as TreeEntries;
  const inTree = async (path: string): Promise<TreeEntries[number] | undefined> => {
    for (const tree of trees) {
      const inside =
        tree.path === '.' ? path : path.startsWith(`${tree.path}/`) ? path.slice(tree.path.length + 1) : undefined;
      const found = inside === undefined ? undefined : (await entriesOf(tree)).find((entry) => entry.path === inside);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    readBytes: async (path) => {
      const digest = files.get(path)?.digest ?? (await inTree(path))?.digest;
      return digest === undefined ? undefined : await blobs.read(digest);
    },
    kind: async (path) => {
      if (files.has(path) || (await inTree(path)) !== undefined) return 'file';
      return trees.some((tree) => tree.path === path) ? 'folder' : undefined;
    },
    listTree: async (path) => {
      const tree = trees.find((each) => each.path === path);
      const entries = tree === undefined ? [] : await entriesOf(tree);
      return entries.map((entry) => ({ ...entry, digest: () => Promise.resolve(entry.digest) }));
    },
  };
}

/** The texts of a version, the main one first. */
export async function storedSources({ blobs }: Workspace, { files }: EnvironmentVersion): Promise<SourceDocument[]> {
  const texts = files
    .filter(({ role }) => role !== 'content')
    .sort((a, b) => Number(b.role === 'main') - Number(a.role === 'main'));
  return await Promise.all(
    texts.map(async ({ path, digest }) => ({ path, text: (await blobs.read(digest)).toString('utf8') })),
  );
}

/** A registered version read again from its own files, with the places of everything. */
export async function readStored(workspace: Workspace, version: EnvironmentVersion): Promise<ReadResult | undefined> {
  const [main] = await storedSources(workspace, version);
  return main === undefined ? undefined : await readDefinition(main, accessStored(workspace, version.files));
}

/** Lays out what the resolver needs of a version's files below `folder`: local wheels, sources and projects. Answers where a path is. */
export async function layOutFiles(
  { blobs }: Workspace,
  stored: readonly StoredFile[],
  folder: string,
): Promise<(path: string) => string> {
  for (const file of stored.filter(({ role }) => role === 'content')) {
    const target = join(folder, layoutPath(file.path));
    if (file.kind === 'tree') {
      const entries = JSON.parse((await blobs.read(file.digest)).toString('utf8')) as TreeEntries;
      await restoreSnapshot(entries.map(toSnapshotEntry), blobs, target);
    } else await writeAtomically(target, await blobs.read(file.digest));
  }
  return (path) => join(folder, layoutPath(path));
}

function toSnapshotEntry({ path, type, executable, digest, size, target }: TreeEntries[number]): SnapshotEntry {
  return type === 'link' ? { type, path, target: target ?? '' } : { type, path, executable, digest, size };
}

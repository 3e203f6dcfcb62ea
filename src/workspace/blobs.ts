import { AppError } from '../errors/index.ts';
import {
  type ReceiveOptions,
  readBytes,
  readBytesIfExists,
  readFileRange,
  removeTree,
  statIfExists,
} from '../io/index.ts';
import { sha256 } from '../schema/index.ts';
import { bytesOf, type ContentRow, type ContentRows } from './content-rows.ts';
import type { FolderContents, GcOptions, Keep } from './folder-contents.ts';

/**
 * Content by its SHA-256. Small content is in the database, large content in the workspace's folder; or, where machines share no folder, in a registry,
 * and what is in the folder is a copy.
 */
export interface BlobStore {
  /** In bytes; undefined if it is not there. Marks it as asked for, so that `gc` spares it until it is registered. */
  size(digest: string): Promise<number | undefined>;
  put(content: string | Uint8Array): Promise<Content>;
  /**
   * Takes a file in. With `link` it is hard linked where that goes, for files that nobody writes any more. `digest` says that the caller has
   * verified it: then only a copy is read once more.
   */
  putFile(file: string, options?: { link?: boolean; digest?: string }): Promise<Content>;
  /** Takes in what comes over the network. @throws AppError DIGEST_MISMATCH if it is something else than was announced; TOO_LARGE, TIMEOUT. */
  receive(source: AsyncIterable<Uint8Array>, options: ReceiveOptions & { digest: string }): Promise<Content>;
  /** @throws AppError CORRUPT_STORE if it is missing or not what its digest says. */
  read(digest: string): Promise<Buffer>;
  /** The bytes, which are held against their digest if they are few. @throws AppError CORRUPT_STORE if they are missing. */
  stream(digest: string): AsyncIterable<Uint8Array>;
  /** A file of this machine with the content, only to be read; undefined if the workspace does not have it. `here`: brings nothing from elsewhere. */
  find(digest: string, options?: { here?: boolean }): Promise<string | undefined>;
  /** Undefined for what cannot be a list of contents, however it begins. */
  readList(digest: string): Promise<Buffer | undefined>;
  verify(options?: { signal?: AbortSignal }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
  /**
   * Removes what `keep` does not name, but for files that a registry of this folder has, too: its own collection takes them. What came in or was asked
   * for during the last day stays: its owner may not have registered it yet.
   */
  gc(keep: Keep, options?: GcOptions): Promise<{ removed: number; bytes: number }>;
}

export interface Content {
  digest: string;
  size: number;
}

/** Where large contents are, if not in the folder. */
export interface ExternalContents {
  /** For people: the registry. */
  name: string;
  /** Brings a file there, and answers what it is called by. A second time the same gets another name. */
  push(file: string, content: Content): Promise<string>;
  pull(content: Content): AsyncIterable<Uint8Array>;
  /** Nothing if it is gone. */
  remove(place: string): Promise<void>;
  /** Takes it for a database, by its id, if it is nobody's. Answers whose it is. */
  claim(database: string): Promise<string>;
}

/** What the database takes. */
const small = 64 * 1024;
/** What it takes where the alternative is another machine. */
const smallElsewhere = 1 << 20;
/** Lists are no larger. */
const largestList = 64 << 20;
const unlimited = { limit: Number.POSITIVE_INFINITY, patience: 60_000 };

interface Parts {
  rows: ContentRows;
  folder: FolderContents;
  external?: ExternalContents;
}

export function createBlobStore({ rows, folder, external }: Parts): BlobStore {
  return external === undefined ? inFolder(rows, folder) : elsewhere({ rows, folder, external });
}

function inFolder(rows: ContentRows, folder: FolderContents): BlobStore {
  const read: BlobStore['read'] = async (digest) => {
    const row = await rows.find(digest);
    return hasBytes(row) ? bytesOf(row) : await folder.read(digest);
  };
  const find: BlobStore['find'] = async (digest) => {
    const path = folder.path(digest);
    if (await isFile(path)) return path;
    const row = await rows.find(digest);
    if (!hasBytes(row)) return undefined;
    await folder.put(bytesOf(row));
    return path;
  };
  return {
    size: async (digest) => (await rows.size(digest)) ?? (await folder.size(digest)),
    put: async (content) =>
      Buffer.byteLength(content) <= small ? await putRow(rows, content) : await folder.put(content),
    putFile: async (file, options = {}) => {
      const isSmall = options.link !== true && ((await statIfExists(file))?.size ?? 0) <= small;
      return isSmall ? await putRow(rows, await readBytes(file), options.digest) : await folder.putFile(file, options);
    },
    receive: folder.receive,
    read,
    stream: (digest) => streamOf(digest, { rows, find }),
    find,
    readList: async (digest) => {
      const row = await rows.find(digest);
      if (hasBytes(row)) return isList(row.bytes[0]) ? bytesOf(row) : undefined;
      return await listInFile(folder.path(digest));
    },
    verify: async (options = {}) => joinChecks(await rows.verify(options), await folder.verify(options)),
    gc: async (keep, options = {}) => {
      const { removed, bytes } = await rows.gc(keep, options);
      return { removed, bytes };
    },
  };
}

function elsewhere({ rows, folder, external }: Required<Parts>): BlobStore {
  /** From the folder, where it stays for the next time. */
  const send = async ({ digest, size }: Content): Promise<Content> => {
    const path = folder.path(digest);
    if ((await rows.size(digest)) !== undefined) return { digest, size };
    // A list stays where garbage collection can read it.
    const isSmall = size <= smallElsewhere || (size <= largestList && isList(await firstByte(path)));
    if (isSmall) await rows.add({ digest, size, bytes: await readBytes(path), place: null });
    else await rows.add({ digest, size, bytes: null, place: await external.push(path, { digest, size }) });
    return { digest, size };
  };
  const bring = async ({ digest, size }: Content): Promise<string> => {
    if ((await folder.size(digest)) !== size)
      await folder.receive(external.pull({ digest, size }), { digest, ...unlimited });
    return folder.path(digest);
  };
  const read: BlobStore['read'] = async (digest) => {
    const row = await rows.find(digest);
    if (hasBytes(row)) return bytesOf(row);
    if (row === undefined) throw missing(digest);
    const path = await bring(row);
    const copy = await readBytes(path);
    if (sha256(copy) === digest) return copy;
    await removeTree(path);
    await bring(row);
    return await folder.read(digest);
  };
  const find: BlobStore['find'] = async (digest, { here = false } = {}) => {
    const row = await rows.find(digest);
    if (row === undefined) return undefined;
    const isHere = (await folder.size(digest)) !== undefined;
    if (!hasBytes(row)) return isHere || !here ? await bring(row) : undefined;
    await folder.put(bytesOf(row));
    return folder.path(digest);
  };
  return {
    size: rows.size,
    put: async (content) =>
      Buffer.byteLength(content) <= smallElsewhere
        ? await putRow(rows, content)
        : await send(await folder.put(content)),
    putFile: async (file, options = {}) => await send(await folder.putFile(file, options)),
    receive: async (source, options) => await send(await folder.receive(source, options)),
    read,
    stream: (digest) => streamOf(digest, { rows, find }),
    find,
    // What is large and no list is not brought for this: an archive, a model.
    readList: async (digest) => {
      const row = await rows.find(digest);
      return hasBytes(row) && isList(row.bytes[0]) ? bytesOf(row) : undefined;
    },
    verify: async (options = {}) => joinChecks(await rows.verify(options), await folder.verify(options)),
    gc: async (keep, options = {}) => {
      const { places, ...result } = await rows.gc(keep, options);
      for (const place of options.dryRun === true ? [] : places) await external.remove(place);
      await folder.gc({ has: () => false }, options);
      return result;
    },
  };
}

async function putRow(rows: ContentRows, content: string | Uint8Array, promised?: string): Promise<Content> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const digest = sha256(bytes);
  if (promised !== undefined && promised !== digest)
    throw new AppError('DIGEST_MISMATCH', `what came is not ${promised}: nothing was kept`, {
      hint: 'Repeat the command.',
      details: { expected: promised, actual: digest },
    });
  await rows.add({ digest, size: bytes.length, bytes, place: null });
  return { digest, size: bytes.length };
}

async function* streamOf(digest: string, { rows, find }: Pick<Parts, 'rows'> & Pick<BlobStore, 'find'>) {
  const row = await rows.find(digest);
  if (hasBytes(row)) yield bytesOf(row);
  else {
    const path = await find(digest);
    if (path === undefined) throw missing(digest);
    yield* readFileRange(path);
  }
}

function hasBytes(row: ContentRow | undefined): row is ContentRow & { bytes: Uint8Array } {
  return row !== undefined && row.bytes !== null;
}

async function isFile(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isFile() ?? false;
}

async function firstByte(path: string): Promise<number | undefined> {
  for await (const start of readFileRange(path, { end: 0 })) return start[0];
  return undefined;
}

/** JSON, by how it begins. */
function isList(byte: number | undefined): boolean {
  return byte === 0x5b || byte === 0x7b;
}

async function listInFile(path: string): Promise<Buffer | undefined> {
  const stats = await statIfExists(path);
  if (stats === undefined || stats.size > largestList || !isList(await firstByte(path))) return undefined;
  return await readBytesIfExists(path);
}

function joinChecks(...checks: Awaited<ReturnType<BlobStore['verify']>>[]): Awaited<ReturnType<BlobStore['verify']>> {
  return {
    checked: checks.reduce((sum, { checked }) => sum + checked, 0),
    damaged: checks.flatMap(({ damaged }) => damaged),
  };
}

function missing(digest: string): AppError {
  return new AppError('CORRUPT_STORE', `the content ${digest} is missing in the workspace`, {
    hint: 'Restore it from a backup.',
  });
}

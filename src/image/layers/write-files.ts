import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '../../errors/index.ts';
import { condaRecordText } from '../../plan/index.ts';
import { rewritePieces } from '../../plan/rewriting/index.ts';
import { isFolderLine, readTree } from '../../store/index.ts';
import type { CondaPart, LayerEntry } from './layer-recipe.ts';
import type { LayerWriter } from './layer-writer.ts';

const chunkSize = 1 << 18;

type RecordEntry = Extract<LayerEntry, { kind: 'record' }>;
type RewriteEntry = Extract<LayerEntry, { kind: 'rewrite' }>;

/** Digests of files of conda packages by their paths in the image, as the packages' records tell them. */
export interface RecordedDigests {
  /** In the image. */
  here: Map<string, string>;
  /** In the package, of files that are rewritten. */
  there: Map<string, string>;
}

export function recordedDigests(entries: readonly LayerEntry[]): RecordedDigests {
  const digests: RecordedDigests = { here: new Map(), there: new Map() };
  for (const entry of entries) {
    if (entry.kind !== 'record') continue;
    for (const { path, inPrefix, sha256 } of entry.record.paths) {
      const place = `${entry.folder}/${path}`;
      if (inPrefix !== undefined) digests.here.set(place, inPrefix);
      else if (sha256 !== undefined) digests.there.set(place, sha256);
    }
  }
  return digests;
}

/** Files as the store has them, held against their digests: the store may have been damaged. @throws AppError CORRUPT_STORE. */
export async function writeCondaTree(
  writer: LayerWriter,
  { from, path, text, without, filename }: CondaPart,
  { here }: RecordedDigests,
): Promise<void> {
  const left = new Set(without);
  let folder = '';
  for (const line of readTree(text).lines) {
    if (isFolderLine(line)) {
      folder = line;
      if (folder !== '/') writer.begin({ path: join(path, folder.slice(0, -1)), kind: 'folder', mode: 0o755 });
      continue;
    }
    const own = folder === '/' ? line : `${folder}${line}`;
    if (left.has(own)) continue;
    const place = join(path, own);
    const digest = await writeStoreFile(writer, { path: place, file: `${from}/${own}` });
    if (digest !== here.get(place)) throw damaged(`${from}/${own}`, filename);
  }
}

/** @throws AppError CORRUPT_STORE. */
export async function writeCopy(
  writer: LayerWriter,
  { path, file, executable, sha256 }: Extract<LayerEntry, { kind: 'copy' }>,
): Promise<void> {
  if ((await writeStoreFile(writer, { path, file, executable })) !== sha256) throw damaged(file, path);
}

/** Answers the digest of what comes out. */
export async function writeRewritten(
  writer: LayerWriter,
  { path, file, executable, replacement }: RewriteEntry,
  { there }: RecordedDigests,
): Promise<string> {
  const fd = openStoreFile(file, path);
  try {
    const { size } = fstatSync(fd);
    const original = createHash('sha256');
    const read = (position: number, length: number): Buffer => {
      const bytes = readAt(fd, position, length);
      original.update(bytes);
      return bytes;
    };
    const pieces = rewritePieces({ read, size }, replacement);
    const hash = createHash('sha256');
    // A text changes its length, and is rewritten whole; a binary does not.
    const first = replacement.mode === 'text' ? Buffer.concat([...pieces]) : undefined;
    writer.begin({ path, kind: 'file', size: first?.length ?? size, mode: executable ? 0o755 : 0o644 });
    for (const bytes of first === undefined ? pieces : [first]) {
      hash.update(bytes);
      for (let at = 0; at < bytes.length; at += chunkSize) {
        writer.plain(bytes.subarray(at, at + chunkSize));
        await writer.settle();
      }
    }
    if (original.digest('hex') !== there.get(path)) throw damaged(file, path);
    writer.end();
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

/** `rewritten` tells the digests of rewritten files by their paths in the image. */
export function writeRecord(
  writer: LayerWriter,
  { path, folder, record }: RecordEntry,
  rewritten: ReadonlyMap<string, string>,
): void {
  const own = new Map(
    [...rewritten].flatMap(([place, digest]) =>
      place.startsWith(`${folder}/`) ? [[place.slice(folder.length + 1), digest] as const] : [],
    ),
  );
  const text = Buffer.from(condaRecordText(record, own));
  writer.begin({ path, kind: 'file', size: text.length, mode: 0o644 });
  writer.plain(text);
  writer.end();
}

async function writeStoreFile(
  writer: LayerWriter,
  { path, file, executable }: { path: string; file: string; executable?: boolean },
): Promise<string> {
  const fd = openStoreFile(file, path);
  try {
    const { size, mode } = fstatSync(fd);
    const isProgram = executable ?? (mode & 0o111) !== 0;
    const hash = createHash('sha256');
    writer.begin({ path, kind: 'file', size, mode: isProgram ? 0o755 : 0o644 });
    for (let at = 0; at < size; ) {
      const bytes = readAt(fd, at, Math.min(chunkSize, size - at));
      if (bytes.length === 0) break;
      at += bytes.length;
      hash.update(bytes);
      writer.plain(bytes);
      await writer.settle();
    }
    writer.end();
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

function openStoreFile(file: string, what: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw damaged(file, what);
    throw error;
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function join(folder: string, path: string): string {
  return folder === '' ? path : `${folder}/${path}`;
}

function damaged(file: string, what: string): AppError {
  return new AppError('CORRUPT_STORE', `\`${file}\` of \`${what}\` was damaged on this machine`, {
    hint: 'Its package was dropped; run the command again to fetch it again.',
  });
}

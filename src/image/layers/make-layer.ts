import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { openWheelReader, type WheelMember, type WheelReader } from '../../store/index.ts';
import { deflatePinned } from '../gzip/deflate-pinned.ts';
import type { CondaPart, LayerEntry, LayerPart, WheelPart } from './layer-recipe.ts';
import { createLayerWriter, type LayerFacts, type LayerWriter } from './layer-writer.ts';
import { recordedDigests, writeCondaTree, writeCopy, writeRecord, writeRewritten } from './write-files.ts';

/** A part, and where its archive is. */
export type LocatedPart = LayerPart & { archive: string };
type LocatedWheel = WheelPart & { archive: string };

export interface LayerRequest {
  /** Where the layer is written: a file that does not exist. */
  file: string;
  parts: readonly LocatedPart[];
  /** Where what is seen of each archive is written down, in a folder named for its digest. Without it, it is not. */
  describeIn?: string;
}

/** A layer that has all of its parts and waits for its entries. */
export interface OpenLayer {
  fd: number;
  writer: LayerWriter;
  /** By the archive's digest. */
  readers: Map<string, WheelReader>;
  /** Files of conda packages, which need what the entries tell of them. */
  conda: readonly CondaPart[];
}

/**
 * Writes the parts of a layer. Every file was inflated to its end and held against its size and checksum before the layer counts.
 * @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, INVALID_WHEEL.
 */
export async function beginLayer({ file, parts, describeIn }: LayerRequest): Promise<OpenLayer> {
  const fd = openSync(file, 'wx', 0o444);
  const conda = parts.filter((part) => part.kind === 'conda');
  // Wheels bring their files compressed; conda's are in the store as they are.
  const writer = conda.length === 0 ? createLayerWriter(fd) : createLayerWriter(fd, deflatePinned);
  const layer: OpenLayer = { fd, writer, readers: new Map(), conda };
  try {
    for (const part of parts) {
      if (part.kind === 'conda') continue;
      const reader = await openWheelReader(part);
      layer.readers.set(part.sha256, reader);
      await writeTree(layer.writer, reader, part);
      if (describeIn === undefined) continue;
      const folder = join(describeIn, part.sha256);
      mkdirSync(folder, { recursive: true });
      reader.writeDown(folder);
    }
    return layer;
  } catch (error) {
    closeLayer(layer);
    throw error;
  }
}

/** Writes conda's files and the entries, and ends the layer. @throws AppError CORRUPT_STORE, COMPRESSOR_MISMATCH. */
export async function finishLayer(layer: OpenLayer, entries: readonly LayerEntry[]): Promise<LayerFacts> {
  const { writer, readers, conda } = layer;
  try {
    const named = entries.filter(({ kind }) => kind !== 'whiteout').map(({ path }) => path);
    const labels = [...[...readers.values()].map(({ filename }) => filename), ...conda.map(({ filename }) => filename)];
    checkNames(named, labels.join(', '));
    const digests = recordedDigests(entries);
    for (const part of conda) {
      checkNames(part.text.split('\n'), part.filename);
      await writeCondaTree(writer, part, digests);
    }
    const rewritten = new Map<string, string>();
    for (const entry of entries) {
      if (entry.kind === 'rewrite') rewritten.set(entry.path, await writeRewritten(writer, entry, digests));
      else if (entry.kind !== 'record') await writeEntry(layer, entry);
      await writer.settle();
    }
    for (const entry of entries) if (entry.kind === 'record') writeRecord(writer, entry, rewritten);
    return await writer.finish();
  } finally {
    closeLayer(layer);
  }
}

export function closeLayer({ fd, readers }: OpenLayer): void {
  for (const reader of readers.values()) reader.close();
  readers.clear();
  closeSync(fd);
}

async function writeTree(
  writer: LayerWriter,
  reader: WheelReader,
  { path, without, filename }: LocatedWheel,
): Promise<void> {
  const left = new Set(without);
  checkNames(
    reader.tree.map((member) => member.path),
    filename,
  );
  for (const member of reader.tree) {
    if (left.has(member.path)) await reader.read(member.path, { content: () => undefined });
    else await writeMember(writer, reader, { member, path: `${path}/${member.path}`, executable: member.executable });
  }
}

async function writeEntry(
  { writer, readers }: OpenLayer,
  entry: Exclude<LayerEntry, { kind: 'rewrite' | 'record' }>,
): Promise<void> {
  switch (entry.kind) {
    case 'file':
      writer.begin({ path: entry.path, kind: 'file', size: entry.content.length, mode: modeOf(entry.executable) });
      writer.plain(entry.content);
      writer.end();
      return;
    case 'member': {
      const reader = readers.get(entry.archive);
      const member = reader?.find(entry.member);
      if (reader === undefined || member === undefined) throw new Error(`no archive of the layer has ${entry.member}`);
      return await writeMember(writer, reader, { member, path: entry.path, executable: entry.executable });
    }
    case 'copy':
      return await writeCopy(writer, entry);
    case 'link':
      return writer.begin({ path: entry.path, kind: 'link', target: entry.target, mode: 0o777 });
    case 'folder':
      return writer.begin(entry);
    case 'whiteout': {
      const slash = entry.path.lastIndexOf('/') + 1;
      writer.begin({
        path: `${entry.path.slice(0, slash)}.wh.${entry.path.slice(slash)}`,
        kind: 'file',
        mode: 0o644,
      });
    }
  }
}

/** What a gzip member of its own costs, and the one before it: a file that deflate makes smaller by less is better off among the framing. */
const costOfMembers = 41;

async function writeMember(
  writer: LayerWriter,
  reader: WheelReader,
  { member, path, executable }: { member: WheelMember; path: string; executable: boolean },
): Promise<void> {
  writer.begin({ path, kind: 'file', size: member.size, mode: modeOf(executable) });
  if (!member.isDeflated || member.size <= member.compressedSize + costOfMembers) {
    await reader.read(member.path, { content: (bytes) => writer.plain(bytes) });
  } else {
    writer.deflated.begin();
    // Its bytes would queue up behind what is being packed.
    await writer.settle({ all: true });
    await reader.read(member.path, writer.deflated);
    writer.deflated.end(member.crc32);
  }
  writer.end();
}

/** A name that means something else in a layer (image specification, "Whiteouts") cannot be shipped. */
function checkNames(paths: readonly string[], label: string): void {
  const wrong = paths.find((path) => path.split('/').some((part) => part.startsWith('.wh.')));
  if (wrong === undefined) return;
  throw new AppError('HOSTILE_ARCHIVE', `\`${label}\` is refused: \`${wrong}\` would hide a file of an image`, {
    hint: 'Leave the package out.',
  });
}

function modeOf(executable: boolean): number {
  return executable ? 0o755 : 0o644;
}

import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createWindow, fileSink, inflateMember } from './inflate-member.ts';
import { isExecutable, metadataFile, type PythonScript, pythonScript, sortMembers } from './sort-members.ts';
import type { UnpackRequest } from './unpack-request.ts';
import type { UnpackedWheel } from './unpacked-wheel.ts';
import { readWheelFacts } from './wheel-facts.ts';
import { writeWheelDown } from './write-wheel-down.ts';
import { readCentralDirectory } from './zip/central-directory.ts';
import { openZipFile, type ZipFile } from './zip/zip-file.ts';
import type { ZipMember } from './zip/zip-member.ts';

/** Members from–to of an archive, in the order of their bytes. */
export interface Chunk {
  from: number;
  to: number;
  /** How long it will take, in bytes to inflate. */
  weight: number;
}

/** What came out of a chunk. */
export interface ChunkResult {
  chunk: Chunk;
  /** SHA-256 of each member, 32 bytes each. */
  digests: Uint8Array;
  /** Metadata files. */
  texts: [path: string, text: string][];
  /** `#!python` scripts: what follows the first line. */
  scripts: PythonScript[];
}

export interface OpenWheel {
  request: UnpackRequest;
  file: ZipFile;
  members: ZipMember[];
}

/** A chunk is about as much work as inflating so many bytes; making a file is as much as inflating `fileWeight`. */
const chunkWeight = 24 << 20;
const fileWeight = 16 << 10;

/** Opens the archive and checks all that its directory says. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE. */
export function openWheel(request: UnpackRequest): OpenWheel {
  const fd = openSync(request.archive, 'r');
  try {
    const file = openZipFile(fd, fstatSync(fd).size, request.filename);
    return { request, file, members: readCentralDirectory(file) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function closeWheel({ file }: OpenWheel): void {
  closeSync(file.fd);
}

/** Makes the folders of all members, and says in which pieces the members can be unpacked, at the same time if one likes. */
export function prepareWheel({ request, members }: OpenWheel): Chunk[] {
  const root = join(request.folder, 'files');
  mkdirSync(root, { recursive: true });
  const folders = new Set<string>();
  for (const { name, isFolder } of members)
    if (!isFolder) folders.add(name.slice(0, Math.max(0, name.lastIndexOf('/'))));
  for (const folder of [...folders].sort()) mkdirSync(join(root, folder), { recursive: true });
  const chunks: Chunk[] = [];
  let chunk: Chunk = { from: 0, to: 0, weight: 0 };
  for (const [index, { size }] of members.entries()) {
    const weight = size + fileWeight;
    if (chunk.weight > 0 && chunk.weight + weight > chunkWeight) {
      chunks.push(chunk);
      chunk = { from: index, to: index, weight: 0 };
    }
    chunk.to = index + 1;
    chunk.weight += weight;
  }
  return [...chunks, chunk];
}

/** Unpacks a chunk. Synchronous calls on purpose: this runs in a worker thread, and for ten thousands of small files they take a third of the time. */
export async function unpackChunk({ request, file, members }: OpenWheel, chunk: Chunk): Promise<ChunkResult> {
  const root = join(request.folder, 'files');
  const window = createWindow(file);
  const digests = new Uint8Array(32 * (chunk.to - chunk.from));
  const texts: ChunkResult['texts'] = [];
  const scripts: PythonScript[] = [];
  for (let index = chunk.from; index < chunk.to; index += 1) {
    const member = members[index] as ZipMember;
    const target = member.isFolder
      ? undefined
      : openSync(`${root}/${member.name}`, 'wx', isExecutable(member) ? 0o555 : 0o444);
    try {
      const { digest, content } = await inflateMember(
        file,
        window,
        member,
        target === undefined ? undefined : fileSink(target),
      );
      digests.set(digest, 32 * (index - chunk.from));
      if (content !== undefined && metadataFile.test(member.name)) texts.push([member.name, content.toString('utf8')]);
      const script = content === undefined ? undefined : pythonScript(member.name, content);
      if (script !== undefined) scripts.push(script);
    } finally {
      if (target !== undefined) closeSync(target);
    }
  }
  return { chunk, digests, texts, scripts };
}

/** Writes down what the chunks brought. @throws AppError INVALID_WHEEL. */
export function finishWheel({ request, members }: OpenWheel, results: readonly ChunkResult[]): UnpackedWheel {
  const digests = new Map<ZipMember, string>();
  for (const result of results) {
    const bytes = Buffer.from(result.digests.buffer, result.digests.byteOffset, result.digests.byteLength);
    for (let index = result.chunk.from; index < result.chunk.to; index += 1) {
      const at = 32 * (index - result.chunk.from);
      digests.set(members[index] as ZipMember, bytes.toString('hex', at, at + 32));
    }
  }
  const facts = readWheelFacts(new Map(results.flatMap(({ texts }) => texts)), members, request.filename);
  return writeWheelDown(request, sortMembers(members, facts), {
    facts,
    digests,
    scripts: results.flatMap(({ scripts }) => scripts),
  });
}

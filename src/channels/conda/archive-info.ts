import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { AppError } from '../../errors/index.ts';
import { withFsErrors } from '../../io/index.ts';
import { decodeBzip2 } from './decode-bzip2.ts';

/** So far from the end of a zip archive its directory's end may begin. */
const tailSize = 22 + 0xffff;
/** Unpacked: the `info` part of an archive, or a single file that is asked for. */
const longest = 256 << 20;

const infoPart = /^info-.*\.tar\.zst$/;
const packagePart = /^pkg-.*\.tar\.zst$/;

/** A file that is read in parts, and may be far away. */
export interface Ranges {
  size: number;
  read: (start: number, end: number) => Promise<Buffer>;
}

/**
 * Files of the `info` part of a `.conda` archive, by their names (`info/paths.json`), without reading the rest of the archive.
 * @throws Error for what is no such archive.
 */
export async function readInfoFile(archive: Ranges, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  const { start, size } = await findPart(archive, infoPart);
  const bytes = zstdDecompressSync(await archive.read(start, start + size), { maxOutputLength: longest });
  const found = new Map<string, Buffer>();
  await pipeline([bytes], collector(wanted, found));
  return found;
}

/** The same of a whole archive on this machine, in either format. */
export async function readLocalInfo(path: string, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  if (path.endsWith('.tar.bz2')) return await readBz2Info(path, wanted);
  return await withRanges(path, async (archive) => await readInfoFile(archive, wanted));
}

/** The older format has no order and no directory: it is read until all is found. */
export async function readBz2Info(path: string, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  return await readUntilFound(async () => await decodeBzip2(createReadStream(path)), wanted);
}

/** One of the files that a package installs, from the whole archive. Undefined if it has none of that name. */
export async function readPackageFile(path: string, isBz2: boolean, name: string): Promise<Buffer | undefined> {
  if (isBz2) return (await readBz2Info(path, [name])).get(name);
  const { start, size } = await withRanges(path, async (archive) => await findPart(archive, packagePart));
  const openPart = async (): Promise<Readable> => {
    const input = createReadStream(path, { start, end: start + size - 1 });
    const decoder = createZstdDecompress();
    // Errors of either come out where the decoder is read.
    pipeline(input, decoder).catch(() => undefined);
    return await Promise.resolve(decoder);
  };
  return (await readUntilFound(openPart, [name])).get(name);
}

async function readUntilFound(
  openTar: () => Promise<Readable>,
  wanted: readonly string[],
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const stop = new AbortController();
  try {
    await pipeline(
      await openTar(),
      collector(wanted, found, () => stop.abort()),
      { signal: stop.signal },
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return found;
}

async function withRanges<T>(path: string, work: (archive: Ranges) => Promise<T>): Promise<T> {
  const file = await withFsErrors(`read \`${path}\``, async () => await open(path, 'r'));
  try {
    const { size } = await file.stat();
    const read = async (start: number, end: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    };
    return await work({ size, read });
  } finally {
    await file.close();
  }
}

/** Where the bytes of a part of a `.conda` archive are. Follows the zip format (APPNOTE 4.3) as far as it goes here: members are stored. */
async function findPart(archive: Ranges, pattern: RegExp): Promise<{ start: number; size: number }> {
  const at = async (start: number, size: number): Promise<Buffer> => {
    if (start + size > archive.size) throw new Error('its directory points outside of it');
    return await archive.read(start, start + size);
  };
  const tail = await archive.read(Math.max(0, archive.size - tailSize), archive.size);
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || end + 22 > tail.length) throw new Error('it is no zip archive, or it is cut off');
  const directory = await at(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let position = 0; position + 46 <= directory.length; ) {
    if (directory.readUInt32LE(position) !== 0x02014b50) break;
    const nameLength = directory.readUInt16LE(position + 28);
    const name = directory.toString('utf8', position + 46, position + 46 + nameLength);
    if (pattern.test(name)) {
      if (directory.readUInt16LE(position + 10) !== 0) throw new Error(`its part \`${name}\` is compressed twice`);
      const offset = directory.readUInt32LE(position + 42);
      const header = await at(offset, 30);
      if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50)
        throw new Error('its directory points to no member');
      const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
      const size = directory.readUInt32LE(position + 20);
      if (start + size > archive.size) throw new Error('its directory points outside of it');
      return { start, size };
    }
    position += 46 + nameLength + directory.readUInt16LE(position + 30) + directory.readUInt16LE(position + 32);
  }
  throw new Error(`it has no part like \`${pattern.source.replaceAll(/[\\^$]/g, '').replace('.*', '…')}\``);
}

function collector(
  wanted: readonly string[],
  found: Map<string, Buffer>,
  onAll?: () => void,
): ReturnType<typeof extract> {
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const name = header.name.replace(/^\.\//, '');
    const isWanted = wanted.includes(name);
    if (isWanted && header.size > longest) {
      reader.destroy(new AppError('CORRUPT_ARCHIVE', `\`${name}\` is far too large`));
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => {
      if (isWanted) chunks.push(chunk as Buffer);
    });
    stream.on('end', () => {
      if (isWanted) found.set(name, Buffer.concat(chunks));
      if (found.size === wanted.length && onAll !== undefined) onAll();
      else next();
    });
    stream.on('error', next);
  });
  return reader;
}

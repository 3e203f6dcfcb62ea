import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { zstdDecompressSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { AppError } from '../../errors/index.ts';
import { readBytes } from '../../io/index.ts';
import { decodeBzip2 } from './decode-bzip2.ts';

/** So far from the end of a zip archive its directory's end may begin. */
const tailSize = 22 + 0xffff;
/** Unpacked. */
const longest = 256 << 20;

/** A file that is read in parts, and may be far away. */
export interface Ranges {
  size: number;
  read: (start: number, end: number) => Promise<Buffer>;
}

/**
 * A file of the `info` part of a `.conda` archive, by its name (`info/paths.json`), without reading the rest of the archive.
 * Follows the zip format (APPNOTE 4.3) as far as it goes here: members are stored. @throws Error for what is no such archive.
 */
export async function readInfoFile(archive: Ranges, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  const at = async (start: number, size: number): Promise<Buffer> => {
    if (start + size > archive.size) throw new Error('its directory points outside of it');
    return await archive.read(start, start + size);
  };
  const member = await findInfo(await archive.read(Math.max(0, archive.size - tailSize), archive.size), at);
  const header = await at(member.offset, 30);
  if (header.readUInt32LE(0) !== 0x04034b50) throw new Error('its directory points to no member');
  const start = member.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await at(start, member.size);
  return await untar(zstdDecompressSync(packed, { maxOutputLength: longest }), wanted);
}

async function findInfo(
  tail: Buffer,
  at: (start: number, size: number) => Promise<Buffer>,
): Promise<{ offset: number; size: number }> {
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || end + 22 > tail.length) throw new Error('it is no zip archive, or it is cut off');
  const directory = await at(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let position = 0; position + 46 <= directory.length; ) {
    if (directory.readUInt32LE(position) !== 0x02014b50) break;
    const name = directory.toString('utf8', position + 46, position + 46 + directory.readUInt16LE(position + 28));
    const size = directory.readUInt32LE(position + 20);
    if (/^info-.*\.tar\.zst$/.test(name)) {
      if (directory.readUInt16LE(position + 10) !== 0) throw new Error('its `info` part is compressed twice');
      return { offset: directory.readUInt32LE(position + 42), size };
    }
    position +=
      46 +
      directory.readUInt16LE(position + 28) +
      directory.readUInt16LE(position + 30) +
      directory.readUInt16LE(position + 32);
  }
  throw new Error('it has no `info` part');
}

async function untar(bytes: Buffer, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const reader = extract();
  collect(reader, wanted, found);
  await pipeline([bytes], reader);
  return found;
}

/** The same of a whole archive on this machine, in either format. */
export async function readLocalInfo(path: string, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  if (!path.endsWith('.tar.bz2')) {
    const bytes = await readBytes(path);
    return await readInfoFile(
      { size: bytes.length, read: (start, end) => Promise.resolve(bytes.subarray(start, end)) },
      wanted,
    );
  }
  return await readBz2Info(path, wanted);
}

/** The older format has no order and no directory: it is read until all is found. */
export async function readBz2Info(path: string, wanted: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const reader = extract();
  const stop = new AbortController();
  collect(reader, wanted, found, () => stop.abort());
  try {
    await pipeline(await decodeBzip2(createReadStream(path)), reader, { signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return found;
}

function collect(
  reader: ReturnType<typeof extract>,
  wanted: readonly string[],
  found: Map<string, Buffer>,
  onAll?: () => void,
): void {
  reader.on('entry', ({ name, size }, stream, next) => {
    const isWanted = wanted.includes(name.replace(/^\.\//, ''));
    if (isWanted && size > longest) {
      reader.destroy(new AppError('CORRUPT_ARCHIVE', `\`${name}\` is far too large`));
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => {
      if (isWanted) chunks.push(chunk as Buffer);
    });
    stream.on('end', () => {
      if (isWanted) found.set(name.replace(/^\.\//, ''), Buffer.concat(chunks));
      if (found.size === wanted.length && onAll !== undefined) onAll();
      else next();
    });
    stream.on('error', next);
  });
}

import { createHash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { corrupt, hostile, type ZipMember } from './zip-directory.ts';

/** Up to this size a member is inflated whole; above it is streamed, so that memory stays small. */
const wholeUpTo = 4 << 20;
const chunkSize = 1 << 20;

/** Scratch memory that is used again and again. */
export interface Scratch {
  input: Buffer;
}

export function createScratch(): Scratch {
  return { input: Buffer.allocUnsafe(wholeUpTo + chunkSize) };
}

export interface InflatedMember {
  sha256: string;
  /** The content, for small members only. */
  content: Buffer | undefined;
}

/**
 * Writes a member's content to `target`. A member counts only after its stream was inflated to its end with exactly the declared number of bytes
 * and CRC, and nothing left over.
 */
export async function inflateMember(
  source: number,
  member: ZipMember,
  target: number,
  label: string,
  scratch: Scratch,
): Promise<InflatedMember> {
  if (member.size <= wholeUpTo && member.compressedSize <= wholeUpTo)
    return inflateWhole(source, member, target, label, scratch);
  return member.method === 'stored'
    ? copyStored(source, member, target, label)
    : await inflateStreamed(source, member, target, label);
}

function inflateWhole(
  source: number,
  member: ZipMember,
  target: number,
  label: string,
  scratch: Scratch,
): InflatedMember {
  const raw = readRange(source, member.dataOffset, member.compressedSize, label, scratch.input);
  const content = member.method === 'stored' ? raw : inflateBuffer(raw, member, label);
  if (content.length !== member.size) throw wrongSize(label, member);
  if (crc32(content) !== member.crc32) throw corrupt(label, `the checksum of \`${member.name}\` is wrong`);
  writeAll(target, content);
  return { sha256: createHash('sha256').update(content).digest('hex'), content };
}

function inflateBuffer(raw: Buffer, member: ZipMember, label: string): Buffer {
  try {
    const result = inflateRawSync(raw, {
      maxOutputLength: member.size + 1,
      info: true,
      chunkSize: Math.max(64, member.size + 1),
    }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (result.engine.bytesWritten !== raw.length)
      throw hostile(label, `\`${member.name}\` has bytes behind the end of its stream`);
    return result.buffer;
  } catch (error) {
    throw explain(error, member, label);
  }
}

function copyStored(source: number, member: ZipMember, target: number, label: string): InflatedMember {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(chunkSize);
  let check = 0;
  for (let done = 0; done < member.size; ) {
    const chunk = readRange(source, member.dataOffset + done, Math.min(chunkSize, member.size - done), label, buffer);
    hash.update(chunk);
    check = crc32(chunk, check);
    writeAll(target, chunk);
    done += chunk.length;
  }
  if (check !== member.crc32) throw corrupt(label, `the checksum of \`${member.name}\` is wrong`);
  return { sha256: hash.digest('hex'), content: undefined };
}

async function inflateStreamed(
  source: number,
  member: ZipMember,
  target: number,
  label: string,
): Promise<InflatedMember> {
  const inflate = createInflateRaw({ chunkSize, highWaterMark: chunkSize } as Parameters<typeof createInflateRaw>[0]);
  const hash = createHash('sha256');
  let check = 0;
  let size = 0;
  const finished = new Promise<void>((resolve, reject) => {
    inflate.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > member.size) {
        inflate.destroy();
        reject(wrongSize(label, member));
        return;
      }
      hash.update(chunk);
      check = crc32(chunk, check);
      writeAll(target, chunk);
    });
    inflate.on('end', resolve);
    inflate.on('error', (error) => reject(explain(error, member, label)));
  });
  finished.catch(() => undefined);
  for (let done = 0; done < member.compressedSize && !inflate.destroyed; ) {
    const length = Math.min(chunkSize, member.compressedSize - done);
    const chunk = readRange(source, member.dataOffset + done, length, label, Buffer.allocUnsafe(length));
    done += length;
    if (!inflate.write(chunk))
      await Promise.race([new Promise<void>((resolve) => inflate.once('drain', resolve)), finished]);
  }
  if (!inflate.destroyed) inflate.end();
  await finished;
  if (size !== member.size) throw wrongSize(label, member);
  if (inflate.bytesWritten !== member.compressedSize)
    throw hostile(label, `\`${member.name}\` has bytes behind the end of its stream`);
  if (check !== member.crc32) throw corrupt(label, `the checksum of \`${member.name}\` is wrong`);
  return { sha256: hash.digest('hex'), content: undefined };
}

function wrongSize(label: string, member: ZipMember): Error {
  return hostile(label, `\`${member.name}\` does not have the size that it declares (${member.size} bytes)`);
}

function explain(error: unknown, member: ZipMember, label: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') return wrongSize(label, member);
  if (typeof code === 'string' && code.startsWith('Z_'))
    return corrupt(label, `\`${member.name}\` cannot be inflated (${(error as Error).message})`);
  return error;
}

function readRange(fd: number, offset: number, length: number, label: string, buffer: Buffer): Buffer {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, offset + done);
    if (count === 0) throw corrupt(label, 'it is cut off');
    done += count;
  }
  return buffer.subarray(0, length);
}

function writeAll(fd: number, content: Uint8Array): void {
  for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
}

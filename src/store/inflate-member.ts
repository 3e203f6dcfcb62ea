import { createHash, hash as hashOnce } from 'node:crypto';
import { writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { corrupt, hostile, showName } from './archive-error.ts';
import { createInflateRaw, inflateRawAnew } from './inflate-raw.ts';
import { inflateStream } from './inflate-stream.ts';
import { checkDescriptor, checkLocalHeader, localHeaderLength, localHeaderSize } from './zip/local-header.ts';
import { readExactly, type ZipFile } from './zip/zip-file.ts';
import type { ZipMember } from './zip/zip-member.ts';

/** Up to this size a member is inflated whole; above it is streamed, so that memory stays small. */
const wholeUpTo = 4 << 20;
const windowSize = wholeUpTo + (1 << 17);
const chunkSize = 1 << 19;

const inflateRaw = createInflateRaw() ?? inflateRawAnew;

/** Reads a zip file in large pieces: many small members come with one call. */
export interface MemberWindow {
  /** The bytes from `start` to `end`, valid until the next call. */
  view(start: number, end: number): Buffer;
}

export function createWindow(file: ZipFile): MemberWindow {
  const buffer = Buffer.allocUnsafe(windowSize);
  let from = 0;
  let to = 0;
  return {
    view: (start, end) => {
      if (start < from || end > to) {
        const length = Math.min(windowSize, file.size - start);
        readExactly(file, start, buffer.subarray(0, length));
        [from, to] = [start, start + length];
      }
      return buffer.subarray(start - from, end - from);
    },
  };
}

/** Takes a member's bytes as they come; what it gets is valid until it returns. Nothing counts before the member was checked to its end. */
export interface MemberSink {
  content(bytes: Buffer): void;
  /** The deflate stream, for a deflated member that is not empty. */
  compressed?(bytes: Buffer): void;
}

export interface InflatedMember {
  /** SHA-256, 32 bytes. */
  digest: Buffer;
  /** The content, for small members only; valid until the next member. */
  content: Buffer | undefined;
}

/** Writes to an open file. */
export function fileSink(fd: number): MemberSink {
  return { content: (bytes) => writeAll(fd, bytes) };
}

/**
 * Hands a member's content to `target` (a folder's to nobody). A member counts only if both its headers agree, and its stream was inflated
 * to its end with exactly the declared number of bytes and checksum, counted without wrapping around, and nothing left over.
 */
export async function inflateMember(
  file: ZipFile,
  window: MemberWindow,
  member: ZipMember,
  target: MemberSink | undefined,
): Promise<InflatedMember> {
  const isSmall = member.size <= wholeUpTo && member.end - member.start <= windowSize;
  if (isSmall || target === undefined)
    return inflateWhole(file.label, window.view(member.start, member.end), member, target);
  const begin = locateMember(file, member);
  return member.method === 'stored'
    ? copyStored(file, member, begin, target)
    : await inflateStreamed(file, member, begin, target);
}

function inflateWhole(label: string, bytes: Buffer, member: ZipMember, target: MemberSink | undefined): InflatedMember {
  const dataStart = headerEnd(label, member, bytes);
  const dataEnd = dataStart + member.compressedSize;
  checkDescriptor(label, member, bytes.subarray(dataEnd));
  const raw = bytes.subarray(dataStart, dataEnd);
  const isDeflated = member.method === 'deflated' && raw.length > 0;
  const content = isDeflated ? inflateBuffer(raw, member, label) : raw;
  if (content.length !== member.size) throw wrongSize(label, member);
  if (crc32(content) !== member.crc32) throw wrongChecksum(label, member);
  if (isDeflated) target?.compressed?.(raw);
  target?.content(content);
  // Who takes no bytes as they come reads several archives at a time, and the memory is everybody's in this thread.
  return {
    digest: hashOnce('sha256', content, 'buffer'),
    content: target === undefined ? Buffer.from(content) : content,
  };
}

function inflateBuffer(raw: Buffer, member: ZipMember, label: string): Buffer {
  try {
    const { content, read } = inflateRaw(raw, member.size + 1);
    if (content.length > member.size) throw wrongSize(label, member);
    if (read !== raw.length) throw leftOver(label, member);
    return content;
  } catch (error) {
    throw explain(error, member, label);
  }
}

/** Checks a member's header and what lies behind its data; answers where the data begins. */
export function locateMember(file: ZipFile, member: ZipMember): number {
  const { label } = file;
  const fixed = file.read(member.start, localHeaderSize);
  const length = localHeaderLength(label, member, fixed);
  const begin =
    member.start +
    headerEnd(
      label,
      member,
      file.read(member.start, Math.min(length, member.end - member.start)),
      member.end - member.start,
    );
  const end = begin + member.compressedSize;
  checkDescriptor(label, member, file.read(end, member.end - end));
  return begin;
}

/** Where the data begins, counted from the header. `room` is what all of the member may take. */
function headerEnd(label: string, member: ZipMember, bytes: Buffer, room = bytes.length): number {
  if (bytes.length < localHeaderSize) throw corrupt(label, `the header of ${showName(member.name)} is damaged`);
  const length = localHeaderLength(label, member, bytes);
  if (length + member.compressedSize > room)
    throw hostile(label, `${showName(member.name)} shares bytes with another member`);
  checkLocalHeader(label, member, bytes.subarray(0, length));
  return length;
}

function copyStored(file: ZipFile, member: ZipMember, begin: number, target: MemberSink): InflatedMember {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(chunkSize);
  let check = 0;
  for (let done = 0; done < member.size; ) {
    const chunk = readExactly(file, begin + done, buffer.subarray(0, Math.min(chunkSize, member.size - done)));
    hash.update(chunk);
    check = crc32(chunk, check);
    target.content(chunk);
    done += chunk.length;
  }
  if (check !== member.crc32) throw wrongChecksum(file.label, member);
  return { digest: hash.digest(), content: undefined };
}

async function inflateStreamed(
  file: ZipFile,
  member: ZipMember,
  begin: number,
  target: MemberSink,
): Promise<InflatedMember> {
  const { label } = file;
  const hash = createHash('sha256');
  let check = 0;
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > member.size) throw wrongSize(label, member);
    hash.update(chunk);
    check = crc32(chunk, check);
    target.content(chunk);
  };
  const pieces = function* (): Generator<Buffer> {
    const buffer = Buffer.allocUnsafe(chunkSize);
    for (let done = 0; done < member.compressedSize; ) {
      const length = Math.min(chunkSize, member.compressedSize - done);
      const piece = readExactly(file, begin + done, buffer.subarray(0, length));
      done += length;
      target.compressed?.(piece);
      yield piece;
    }
  };
  let read: number;
  try {
    read = await inflateStream('raw', pieces(), take);
  } catch (error) {
    throw explain(error, member, label);
  }
  if (size !== member.size) throw wrongSize(label, member);
  if (read !== member.compressedSize) throw leftOver(label, member);
  if (check !== member.crc32) throw wrongChecksum(label, member);
  return { digest: hash.digest(), content: undefined };
}

function wrongSize(label: string, member: ZipMember): Error {
  return hostile(label, `${showName(member.name)} does not have the size that it declares (${member.size} bytes)`);
}

function wrongChecksum(label: string, member: ZipMember): Error {
  return corrupt(label, `the checksum of ${showName(member.name)} is wrong`);
}

function leftOver(label: string, member: ZipMember): Error {
  return hostile(label, `${showName(member.name)} has bytes behind the end of its stream`);
}

function explain(error: unknown, member: ZipMember, label: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') return wrongSize(label, member);
  if (typeof code === 'string' && code.startsWith('Z_'))
    return corrupt(label, `${showName(member.name)} cannot be inflated (${(error as Error).message})`);
  return error;
}

function writeAll(fd: number, content: Uint8Array): void {
  for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
}

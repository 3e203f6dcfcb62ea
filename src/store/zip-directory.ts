import { readSync } from 'node:fs';
import { AppError } from '../errors/index.ts';

/** A member of a zip file as its central directory declares it. */
export interface ZipMember {
  name: string;
  method: 'stored' | 'deflated';
  crc32: number;
  compressedSize: number;
  size: number;
  /** Where its data begins; known after `readZipDirectory` has compared the local header. */
  dataOffset: number;
  executable: boolean;
  isFolder: boolean;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const maximumMembers = 500_000;

/**
 * Reads the central directory of a zip file and holds every local header against it.
 * @throws AppError CORRUPT_ARCHIVE for what is broken, HOSTILE_ARCHIVE for what no honest tool writes.
 */
export function readZipDirectory(fd: number, fileSize: number, label: string): ZipMember[] {
  const read = (offset: number, length: number): Buffer => readExactly(fd, offset, length, fileSize, label);
  const end = findEnd(read, fileSize, label);
  if (end.count > maximumMembers) throw hostile(label, `it has ${end.count} members`);
  if (end.offset + end.size > fileSize) throw corrupt(label, 'its directory is cut off');
  const directory = read(end.offset, end.size);
  const members: ZipMember[] = [];
  let at = 0;
  for (let index = 0; index < end.count; index += 1) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== centralSignature)
      throw corrupt(label, 'its directory is damaged');
    const { member, next } = readCentral(directory, at, label);
    at = next;
    members.push(member);
  }
  if (at !== directory.length) throw hostile(label, 'its directory has bytes that belong to no member');
  locate(members, read, end.offset, label);
  return members;
}

interface CentralMember extends ZipMember {
  headerOffset: number;
}

function findEnd(
  read: (offset: number, length: number) => Buffer,
  fileSize: number,
  label: string,
): { count: number; size: number; offset: number } {
  const length = Math.min(fileSize, 65_557);
  const tail = read(fileSize - length, length);
  let at = tail.length - 22;
  while (at >= 0 && !(tail.readUInt32LE(at) === endSignature && at + 22 + tail.readUInt16LE(at + 20) === tail.length))
    at -= 1;
  if (at < 0) throw corrupt(label, 'it is no zip file, or it is cut off');
  const disks = tail.readUInt16LE(at + 4) + tail.readUInt16LE(at + 6);
  if (disks !== 0 && disks !== 0xffff * 2) throw hostile(label, 'it is one part of several');
  let [count, size, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    const place = fileSize - length + at - 20;
    const locator = place >= 0 ? read(place, 20) : undefined;
    if (locator?.readUInt32LE(0) === locator64Signature) {
      const record = read(safeNumber(locator.readBigUInt64LE(8), label), 56);
      if (record.readUInt32LE(0) !== end64Signature) throw corrupt(label, 'its zip64 record is damaged');
      count = safeNumber(record.readBigUInt64LE(32), label);
      size = safeNumber(record.readBigUInt64LE(40), label);
      offset = safeNumber(record.readBigUInt64LE(48), label);
    }
  }
  return { count, size, offset };
}

function readCentral(directory: Buffer, at: number, label: string): { member: CentralMember; next: number } {
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  const [nameLength, extraLength, commentLength] = [
    directory.readUInt16LE(at + 28),
    directory.readUInt16LE(at + 30),
    directory.readUInt16LE(at + 32),
  ];
  const next = at + 46 + nameLength + extraLength + commentLength;
  if (next > directory.length) throw corrupt(label, 'its directory is cut off');
  const name = decodeName(directory.subarray(at + 46, at + 46 + nameLength), label);
  if ((flags & 1) !== 0 || (flags & 0x40) !== 0 || (flags & 0x2000) !== 0)
    throw hostile(label, `\`${name}\` is encrypted`);
  if (method !== 0 && method !== 8)
    throw hostile(label, `\`${name}\` is compressed by a method that wheels do not use (${method})`);
  const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
  const wide = zip64Fields(extra, label);
  const take = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? value) : value);
  const size = take(directory.readUInt32LE(at + 24));
  const compressedSize = take(directory.readUInt32LE(at + 20));
  const headerOffset = take(directory.readUInt32LE(at + 42));
  const madeByUnix = directory.readUInt8(at + 5) === 3;
  const mode = madeByUnix ? directory.readUInt32LE(at + 38) >>> 16 : 0;
  const type = mode & 0o170000;
  const isFolder = name.endsWith('/');
  if (type !== 0 && type !== 0o100000 && !(type === 0o040000 && isFolder)) {
    throw hostile(label, `\`${name}\` is ${type === 0o120000 ? 'a link' : 'no ordinary file'}; wheels have only files`);
  }
  if (isFolder && size !== 0) throw hostile(label, `the folder \`${name}\` has content`);
  return {
    member: {
      name,
      method: method === 0 ? 'stored' : 'deflated',
      crc32: directory.readUInt32LE(at + 16),
      compressedSize,
      size,
      dataOffset: 0,
      executable: (mode & 0o111) !== 0,
      isFolder,
      headerOffset,
    },
    next,
  };
}

/** Compares each local header, finds where the data begins, and refuses members that share bytes. */
function locate(
  members: readonly ZipMember[],
  read: (offset: number, length: number) => Buffer,
  directoryOffset: number,
  label: string,
): void {
  const stretches: { start: number; end: number; name: string }[] = [];
  for (const member of members as readonly CentralMember[]) {
    const { headerOffset, name } = member;
    const header = read(headerOffset, 30);
    if (header.readUInt32LE(0) !== localSignature) throw corrupt(label, `the header of \`${name}\` is damaged`);
    const [nameLength, extraLength] = [header.readUInt16LE(26), header.readUInt16LE(28)];
    const localName = read(headerOffset + 30, nameLength);
    if (decodeName(localName, label) !== name) throw hostile(label, `\`${name}\` has another name in its own header`);
    const method = header.readUInt16LE(8) === 0 ? 'stored' : 'deflated';
    if (method !== member.method || (header.readUInt16LE(6) & 1) !== 0)
      throw hostile(label, `\`${name}\` has another method in its own header`);
    const isDeferred = (header.readUInt16LE(6) & 8) !== 0;
    const localSize = header.readUInt32LE(22);
    if (
      !isDeferred &&
      localSize !== 0xffffffff &&
      (localSize !== member.size ||
        header.readUInt32LE(18) !== member.compressedSize ||
        header.readUInt32LE(14) !== member.crc32)
    ) {
      throw hostile(label, `\`${name}\` has another size in its own header`);
    }
    member.dataOffset = headerOffset + 30 + nameLength + extraLength;
    if (member.method === 'stored' && member.size !== member.compressedSize)
      throw hostile(label, `\`${name}\` is stored and has two sizes`);
    stretches.push({ start: headerOffset, end: member.dataOffset + member.compressedSize, name });
  }
  stretches.sort((a, b) => a.start - b.start);
  let reached = 0;
  for (const { start, end, name } of stretches) {
    if (start < reached) throw hostile(label, `\`${name}\` shares bytes with another member`);
    if (end > directoryOffset) throw corrupt(label, `\`${name}\` reaches into the directory`);
    reached = end;
  }
}

function decodeName(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError('HOSTILE_ARCHIVE', `\`${label}\` has a member whose name is not UTF-8`, {
      hint: 'Nothing of it was kept.',
      cause: error,
    });
  }
}

function zip64Fields(extra: Buffer, label: string): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (id === 1) {
      const body = extra.subarray(at + 4, at + 4 + length);
      return Array.from({ length: Math.floor(body.length / 8) }, (_, index) =>
        safeNumber(body.readBigUInt64LE(index * 8), label),
      );
    }
    at += 4 + length;
  }
  return [];
}

function safeNumber(value: bigint, label: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw hostile(label, 'it declares a size that cannot be');
  return Number(value);
}

function readExactly(fd: number, offset: number, length: number, fileSize: number, label: string): Buffer {
  if (offset < 0 || length < 0 || offset + length > fileSize) throw corrupt(label, 'it is cut off');
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, offset + done);
    if (count === 0) throw corrupt(label, 'it is cut off');
    done += count;
  }
  return buffer;
}

export function corrupt(label: string, what: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `\`${label}\` is damaged: ${what}`, {
    hint: 'Nothing of it was kept. If it happens again, the index serves a broken file.',
  });
}

export function hostile(label: string, what: string): AppError {
  return new AppError('HOSTILE_ARCHIVE', `\`${label}\` is refused: ${what}`, {
    hint: 'No honest tool makes such an archive. Nothing of it was kept.',
  });
}

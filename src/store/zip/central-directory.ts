import { corrupt, hostile, showName } from '../archive-error.ts';
import { findEndOfDirectory } from './end-of-directory.ts';
import { applyExtraFields } from './extra-fields.ts';
import { checkMemberNames } from './member-names.ts';
import type { ZipFile } from './zip-file.ts';
import { deferredFlag, refusedFlags, type ZipMember } from './zip-member.ts';

const headerSignature = 0x02014b50;
const headerSize = 46;
const endSignatureBytes = Buffer.from('PK\x05\x06', 'latin1');
const typeMask = 0o170000;
const regularFile = 0o100000;
const folder = 0o040000;
const symbolicLink = 0o120000;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const maximumMembers = 500_000;
/** What an archive may unpack to, in bytes; and how much more than it has, above a size that honest text can reach. Deflate itself reaches 1032. */
const maximumSize = 64 * 2 ** 30;
const bombRatio = 1100;
const bombSize = 100 * 2 ** 20;

/**
 * The members in the order of their bytes, by the central directory (APPNOTE 6.3.10).
 *
 * Nothing in the file may be left over: members lie one behind another from the first byte to the directory, the directory ends where its end
 * record begins, and that ends the file. So no two readers can see two different archives. The local headers are held against it when a member
 * is read.
 * @throws AppError CORRUPT_ARCHIVE for what is broken, HOSTILE_ARCHIVE for what no honest tool writes.
 */
export function readCentralDirectory(file: ZipFile): ZipMember[] {
  const { label } = file;
  const end = findEndOfDirectory(file);
  if (end.members > maximumMembers) throw hostile(label, `it has ${end.members} members`);
  if (end.size < end.members * headerSize) throw corrupt(label, 'its directory is cut off');
  const directory = file.read(end.start, end.size);
  const members: ZipMember[] = [];
  let at = 0;
  for (let index = 0; index < end.members; index += 1) {
    const { member, next } = readHeader(label, directory, at);
    members.push(member);
    at = next;
  }
  if (at !== directory.length) throw hostile(label, 'its directory has bytes that belong to no member');
  layOut(label, members, end.start);
  checkMemberNames(members, label);
  checkSizes(label, members, file.size);
  return members;
}

function readHeader(label: string, directory: Buffer, at: number): { member: ZipMember; next: number } {
  if (at + headerSize > directory.length || directory.readUInt32LE(at) !== headerSignature)
    throw corrupt(label, 'its directory is damaged');
  const nameEnd = at + headerSize + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const next = extraEnd + directory.readUInt16LE(at + 32);
  if (next > directory.length) throw corrupt(label, 'its directory is cut off');
  const name = decodeName(label, directory.subarray(at + headerSize, nameEnd));
  const shown = showName(name);
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  if ((flags & refusedFlags) !== 0) throw hostile(label, `${shown} is encrypted or patched`);
  if (method !== 0 && method !== 8)
    throw hostile(label, `${shown} is compressed by a method that wheels do not use (${method})`);
  if (directory.readUInt16LE(at + 34) !== 0) throw hostile(label, 'it is one part of several');
  if (directory.subarray(extraEnd, next).includes(endSignatureBytes))
    throw hostile(label, `the comment of ${shown} hides an end record`);
  const sizes = applyExtraFields(label, name, directory.subarray(nameEnd, extraEnd), {
    size: directory.readUInt32LE(at + 24),
    compressedSize: directory.readUInt32LE(at + 20),
    start: directory.readUInt32LE(at + 42),
  });
  const mode = directory.readUInt8(at + 5) === 3 ? directory.readUInt32LE(at + 38) >>> 16 : 0;
  const isFolder = name.endsWith('/');
  checkType(label, shown, mode & typeMask, isFolder);
  const member: ZipMember = {
    name,
    method: method === 0 ? 'stored' : 'deflated',
    flags,
    crc32: directory.readUInt32LE(at + 16),
    compressedSize: sizes.compressedSize,
    size: sizes.size,
    start: sizes.start ?? 0,
    end: 0,
    executable: (mode & 0o111) !== 0,
    isFolder,
  };
  return { member, next };
}

function decodeName(label: string, bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (error) {
    throw hostile(
      label,
      `it has a member whose name is not UTF-8 (${showName(Buffer.from(bytes).toString('latin1'))})`,
      error,
    );
  }
}

function checkType(label: string, shown: string, type: number, isFolder: boolean): void {
  if (type === 0 || type === (isFolder ? folder : regularFile)) return;
  throw hostile(label, `${shown} is ${type === symbolicLink ? 'a link' : 'no ordinary file'}; wheels have only files`);
}

/** Sorts by position and gives each member its bytes. */
function layOut(label: string, members: ZipMember[], directoryStart: number): void {
  members.sort((a, b) => a.start - b.start);
  if ((members[0]?.start ?? directoryStart) !== 0) throw hostile(label, 'there are bytes before its first member');
  for (const [index, member] of members.entries()) {
    member.end = members[index + 1]?.start ?? directoryStart;
    // The local header's extra field is not known yet; the exact comparison follows when the header is read.
    const least = member.start + 30 + Buffer.byteLength(member.name) + member.compressedSize;
    if (least > member.end) throw hostile(label, `${showName(member.name)} shares bytes with another member`);
    const descriptor = (member.flags & deferredFlag) === 0 ? 0 : 24;
    if (member.end - least > 0xffff + descriptor)
      throw hostile(label, `there are bytes behind ${showName(member.name)} that belong to no member`);
  }
}

function checkSizes(label: string, members: readonly ZipMember[], archiveSize: number): void {
  let total = 0;
  for (const { name, size, compressedSize, method, isFolder } of members) {
    total += size;
    if (isFolder && (size > 0 || compressedSize > 2)) throw hostile(label, `the folder ${showName(name)} has content`);
    if (method === 'stored' && size !== compressedSize)
      throw hostile(label, `${showName(name)} is stored and has two sizes`);
    if (size > bombSize && size > compressedSize * bombRatio)
      throw hostile(label, `${showName(name)} would unpack to ${size} bytes from ${compressedSize}`);
  }
  if (total > maximumSize || (total > bombSize && total > archiveSize * bombRatio)) {
    throw hostile(label, `it would unpack to ${total} bytes from ${archiveSize}`);
  }
}

import { corrupt, hostile, showName } from '../archive-error.ts';
import { applyExtraFields } from './extra-fields.ts';
import { deferredFlag, meaningfulFlags, type ZipMember } from './zip-member.ts';

export const localHeaderSize = 30;
const signature = 0x04034b50;
const descriptorSignature = 0x08074b50;

/** How many bytes the local header takes, name and extra field included. */
export function localHeaderLength(label: string, member: ZipMember, fixed: Buffer): number {
  if (fixed.readUInt32LE(0) !== signature) throw corrupt(label, `the header of ${showName(member.name)} is damaged`);
  return localHeaderSize + fixed.readUInt16LE(26) + fixed.readUInt16LE(28);
}

/** The local header must say what the directory says: readers that go by the one or by the other see the same archive. */
export function checkLocalHeader(label: string, member: ZipMember, header: Buffer): void {
  const differs = (what: string): Error =>
    hostile(label, `${showName(member.name)} has another ${what} in its own header`);
  const nameEnd = localHeaderSize + header.readUInt16LE(26);
  const flags = header.readUInt16LE(6);
  if (!header.subarray(localHeaderSize, nameEnd).equals(Buffer.from(member.name))) throw differs('name');
  if (((flags ^ member.flags) & meaningfulFlags) !== 0) throw differs('kind');
  if (header.readUInt16LE(8) !== (member.method === 'stored' ? 0 : 8)) throw differs('method');
  const sizes = applyExtraFields(label, member.name, header.subarray(nameEnd), {
    size: header.readUInt32LE(22),
    compressedSize: header.readUInt32LE(18),
  });
  const isDeferred = (flags & deferredFlag) !== 0;
  const agrees = (local: number, central: number): boolean => local === central || (isDeferred && local === 0);
  if (!agrees(header.readUInt32LE(14), member.crc32)) throw differs('checksum');
  if (!agrees(sizes.size, member.size) || !agrees(sizes.compressedSize, member.compressedSize)) throw differs('size');
}

/** What lies behind the data: nothing, or the descriptor that the flags announce, in one of its four forms, with the same values. */
export function checkDescriptor(label: string, member: ZipMember, rest: Buffer): void {
  if ((member.flags & deferredFlag) === 0) {
    if (rest.length > 0)
      throw hostile(label, `there are bytes behind ${showName(member.name)} that belong to no member`);
    return;
  }
  const isSigned = rest.length === 16 || rest.length === 24;
  const isWide = rest.length >= 20;
  const at = isSigned ? 4 : 0;
  const number = (offset: number): number =>
    isWide ? Number(rest.readBigUInt64LE(offset)) : rest.readUInt32LE(offset);
  const fits =
    [12, 16, 20, 24].includes(rest.length) &&
    (!isSigned || rest.readUInt32LE(0) === descriptorSignature) &&
    rest.readUInt32LE(at) === member.crc32 &&
    number(at + 4) === member.compressedSize &&
    number(at + (isWide ? 12 : 8)) === member.size;
  if (!fits) throw hostile(label, `the descriptor behind ${showName(member.name)} disagrees with the directory`);
}

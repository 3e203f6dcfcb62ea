import { crc32, deflateRawSync } from 'node:zlib';

/** A member of a zip that is written; what is given explicitly is written as it is, however wrong. */
export interface ZipEntry {
  name: string | Uint8Array;
  content: Uint8Array;
  /** Unix mode with file type; 0o100644 if not given. */
  mode?: number;
  stored?: boolean;
  /** Instead of the content, compressed. */
  body?: Uint8Array;
  /** What the headers say, where it shall differ from the truth. */
  declaredSize?: number;
  declaredCrc?: number;
  localName?: string;
  localMethod?: number;
  localSize?: number;
  localCrc?: number;
  localFlags?: number;
  flags?: number;
  method?: number;
  /** Extra fields; see `extraField`. */
  extra?: Uint8Array;
  localExtra?: Uint8Array;
  comment?: Uint8Array;
  /** Bytes behind the end of the compressed stream, inside of the member. */
  trailing?: Uint8Array;
  /** Bytes behind the member, that belong to nobody. */
  behind?: Uint8Array;
  /** Sizes and checksum behind the data, in one of the forms that there are; the local header has zeros. */
  descriptor?: 'plain' | 'signed' | 'wide' | 'wide-signed';
  /** What the descriptor says is changed. */
  descriptorSize?: number;
  /** Sizes in zip64 fields: in the local header, or in both. */
  zip64?: 'local' | 'both';
  /** What the local zip64 field says. */
  zip64Size?: number;
  /** Where the directory says that it is. */
  declaredOffset?: number;
}

export interface ZipOptions {
  /** Before the first member. */
  before?: Uint8Array;
  /** Between the members and the directory, and behind that. */
  beforeDirectory?: Uint8Array;
  behindDirectory?: Uint8Array;
  comment?: Uint8Array;
  /** With a zip64 end record too. */
  zip64?: boolean;
  /** What the short end record says. */
  end?: { members?: number; size?: number; offset?: number };
  /** What the zip64 end record says. */
  end64?: { members?: number; size?: number; offset?: number; place?: number };
}

/** An extra field (APPNOTE 4.5). */
export function extraField(id: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** Writes a zip file, in the order of the entries. */
export function writeZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(options.before ?? [])];
  const directory: Buffer[] = [];
  let offset = parts[0]?.length ?? 0;
  for (const entry of entries) {
    const member = writeMember(entry);
    const central = writeCentral(entry, member, offset);
    parts.push(member.bytes);
    directory.push(central);
    offset += member.bytes.length;
  }
  parts.push(Buffer.from(options.beforeDirectory ?? []));
  offset += options.beforeDirectory?.length ?? 0;
  const table = Buffer.concat(directory);
  const behind = Buffer.from(options.behindDirectory ?? []);
  return Buffer.concat([
    ...parts,
    table,
    behind,
    ...writeEnd(
      { members: entries.length, size: table.length, offset },
      offset + table.length + behind.length,
      options,
    ),
  ]);
}

interface Member {
  bytes: Buffer;
  size: number;
  compressedSize: number;
  crc: number;
  method: number;
  flags: number;
}

function writeMember(entry: ZipEntry): Member {
  const name = Buffer.from(entry.localName ?? (entry.name as string));
  const compressed = entry.body ?? (entry.stored ? entry.content : deflateRawSync(entry.content));
  const data = Buffer.concat([compressed, entry.trailing ?? Buffer.alloc(0)]);
  const size = entry.declaredSize ?? entry.content.length;
  const crc = entry.declaredCrc ?? crc32(entry.content);
  const method = entry.method ?? (entry.stored ? 0 : 8);
  const flags = (entry.flags ?? 0) | 0x800 | (entry.descriptor === undefined ? 0 : 8);
  const isWide = entry.zip64 !== undefined;
  const isDeferred = entry.descriptor !== undefined;
  const wide = Buffer.alloc(16);
  wide.writeBigUInt64LE(BigInt(entry.zip64Size ?? (isDeferred ? 0 : size)), 0);
  wide.writeBigUInt64LE(BigInt(isDeferred ? 0 : data.length), 8);
  const extra = Buffer.concat([isWide ? extraField(1, wide) : Buffer.alloc(0), entry.localExtra ?? Buffer.alloc(0)]);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(isWide ? 45 : 20, 4);
  header.writeUInt16LE(entry.localFlags ?? flags, 6);
  header.writeUInt16LE(entry.localMethod ?? method, 8);
  header.writeUInt32LE(0x00210000, 10);
  header.writeUInt32LE(entry.localCrc ?? (isDeferred ? 0 : crc), 14);
  header.writeUInt32LE(isWide ? 0xffffffff : isDeferred ? 0 : data.length, 18);
  header.writeUInt32LE(isWide ? 0xffffffff : (entry.localSize ?? (isDeferred ? 0 : size)), 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  const bytes = Buffer.concat([
    header,
    name,
    extra,
    data,
    writeDescriptor(entry, crc, data.length, size),
    entry.behind ?? Buffer.alloc(0),
  ]);
  return { bytes, size, compressedSize: data.length, crc, method, flags };
}

function writeDescriptor(
  { descriptor, descriptorSize }: ZipEntry,
  crc: number,
  compressedSize: number,
  size: number,
): Buffer {
  if (descriptor === undefined) return Buffer.alloc(0);
  const width = descriptor.startsWith('wide') ? 8 : 4;
  const buffer = Buffer.alloc(8 + width * 2);
  buffer.writeUInt32LE(0x08074b50, 0);
  buffer.writeUInt32LE(crc, 4);
  buffer.writeUIntLE(compressedSize, 8, 4);
  buffer.writeUIntLE(descriptorSize ?? size, 8 + width, 4);
  return descriptor.endsWith('signed') ? buffer : buffer.subarray(4);
}

function writeCentral(entry: ZipEntry, { size, compressedSize, crc, method, flags }: Member, offset: number): Buffer {
  const name = Buffer.from(entry.name as string);
  const isWide = entry.zip64 === 'both';
  const wide = Buffer.alloc(24);
  wide.writeBigUInt64LE(BigInt(size), 0);
  wide.writeBigUInt64LE(BigInt(compressedSize), 8);
  wide.writeBigUInt64LE(BigInt(offset), 16);
  const extra = Buffer.concat([isWide ? extraField(1, wide) : Buffer.alloc(0), entry.extra ?? Buffer.alloc(0)]);
  const comment = Buffer.from(entry.comment ?? []);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(0x0314, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(flags, 8);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(0x00210000, 12);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(isWide ? 0xffffffff : compressedSize, 20);
  central.writeUInt32LE(isWide ? 0xffffffff : size, 24);
  central.writeUInt16LE(name.length, 28);
  central.writeUInt16LE(extra.length, 30);
  central.writeUInt16LE(comment.length, 32);
  central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
  central.writeUInt32LE(isWide ? 0xffffffff : (entry.declaredOffset ?? offset), 42);
  return Buffer.concat([central, name, extra, comment]);
}

function writeEnd(
  truth: { members: number; size: number; offset: number },
  at: number,
  { zip64 = false, end = {}, end64 = {}, comment = Buffer.alloc(0) }: ZipOptions,
): Buffer[] {
  const short = { ...truth, ...end };
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(short.members, 8);
  record.writeUInt16LE(short.members, 10);
  record.writeUInt32LE(short.size, 12);
  record.writeUInt32LE(short.offset, 16);
  record.writeUInt16LE(comment.length, 20);
  if (!zip64) return [record, Buffer.from(comment)];
  const long = { ...truth, place: at, ...end64 };
  const wide = Buffer.alloc(56);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(long.members), 24);
  wide.writeBigUInt64LE(BigInt(long.members), 32);
  wide.writeBigUInt64LE(BigInt(long.size), 40);
  wide.writeBigUInt64LE(BigInt(long.offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(long.place), 8);
  locator.writeUInt32LE(1, 16);
  return [wide, locator, record, Buffer.from(comment)];
}

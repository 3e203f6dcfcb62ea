import { crc32, deflateRawSync } from 'node:zlib';

/** A member of a zip that is written; what is given explicitly is written as it is, however wrong. */
export interface ZipEntry {
  name: string | Uint8Array;
  content: Uint8Array;
  /** Unix mode with file type; 0o100644 if not given. */
  mode?: number;
  stored?: boolean;
  /** What the headers say, where it shall differ from the truth. */
  declaredSize?: number;
  declaredCrc?: number;
  localName?: string;
  flags?: number;
  method?: number;
  /** Bytes behind the end of the compressed stream, inside of the member. */
  trailing?: Uint8Array;
}

/** Writes a zip file, in the order of the entries. */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string);
    const local = Buffer.from(entry.localName ?? (entry.name as string));
    const body = Buffer.concat([
      entry.stored ? Buffer.from(entry.content) : deflateRawSync(entry.content),
      entry.trailing ?? Buffer.alloc(0),
    ]);
    const size = entry.declaredSize ?? entry.content.length;
    const crc = entry.declaredCrc ?? crc32(entry.content);
    const method = entry.method ?? (entry.stored ? 0 : 8);
    const flags = (entry.flags ?? 0) | 0x800;
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(flags, 6);
    header.writeUInt16LE(method, 8);
    header.writeUInt32LE(0x00210000, 10);
    header.writeUInt32LE(crc, 14);
    header.writeUInt32LE(body.length, 18);
    header.writeUInt32LE(size, 22);
    header.writeUInt16LE(local.length, 26);
    parts.push(header, local, body);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(0x0314, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(0x00210000, 12);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(body.length, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(offset, 42);
    directory.push(central, name);
    offset += 30 + local.length + body.length;
  }
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

/** So far from the end of a zip archive its directory's end may begin. */
const tailSize = 22 + 0xffff;
/** As it is in the archive. One that is larger is read with the rest of the archive, from disk. */
const largest = 32 << 20;

const infoPart = /^info-.*\.tar\.zst$/;

/** A file that is read in parts, and may be far away. */
export interface Ranges {
  size: number;
  read: (start: number, end: number) => Promise<Buffer>;
}

/**
 * The bytes of the `info` part of a `.conda` archive, without reading the rest of the archive; undefined if it is large.
 * @throws Error for what is no such archive.
 */
export async function fetchInfoPart(archive: Ranges): Promise<Buffer | undefined> {
  const { start, size } = await findPart(archive, infoPart);
  return size > largest ? undefined : await archive.read(start, start + size);
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

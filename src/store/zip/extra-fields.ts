import { corrupt, hostile, showName } from '../archive-error.ts';

const zip64Id = 0x0001;
const unicodePathId = 0x7075;
const escape32 = 0xffffffff;

/** The fields of a header that a zip64 extra field may replace, in the order that the specification (APPNOTE 4.5.3) gives. */
export interface SizedFields {
  size: number;
  compressedSize: number;
  /** Absent in a local header. */
  start?: number;
}

/**
 * The sizes that hold: the header's own, or the extra field's where the header says 0xFFFFFFFF.
 * An Info-ZIP unicode path (0x7075) that names another path is refused: readers would disagree on the name.
 */
export function applyExtraFields(label: string, member: string, extra: Buffer, header: SizedFields): SizedFields {
  let result: SizedFields | undefined;
  for (let at = 0; at < extra.length; ) {
    // Some tools align data with zeros.
    if (at + 4 > extra.length && extra.subarray(at).every((byte) => byte === 0)) break;
    const end = at + 4 > extra.length ? Number.POSITIVE_INFINITY : at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length) throw corrupt(label, `${showName(member)} has a broken extra field`);
    const id = extra.readUInt16LE(at);
    const body = extra.subarray(at + 4, end);
    if (id === unicodePathId && !body.subarray(5).equals(Buffer.from(member)))
      throw hostile(label, `${showName(member)} has a second name`);
    if (id === zip64Id) {
      if (result !== undefined) throw hostile(label, `${showName(member)} has two zip64 fields`);
      result = zip64Fields(label, member, body, header);
    }
    at = end;
  }
  return result ?? header;
}

function zip64Fields(label: string, member: string, body: Buffer, header: SizedFields): SizedFields {
  let at = 0;
  const next = (value: number): number => {
    if (value !== escape32) return value;
    if (at + 8 > body.length) throw corrupt(label, `${showName(member)} has a zip64 field that is too short`);
    const wide = body.readBigUInt64LE(at);
    at += 8;
    if (wide > BigInt(Number.MAX_SAFE_INTEGER))
      throw hostile(label, `${showName(member)} declares a size that cannot be`);
    return Number(wide);
  };
  const size = next(header.size);
  const compressedSize = next(header.compressedSize);
  return { size, compressedSize, start: header.start === undefined ? undefined : next(header.start) };
}

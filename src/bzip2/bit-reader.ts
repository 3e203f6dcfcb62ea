/** Bits of a buffer, the highest of each byte first. */
export interface BitReader {
  bytes: Uint8Array;
  /** The next byte to take. */
  at: number;
  /** Bits that were taken and not used: the low `count` bits of `held`. */
  held: number;
  count: number;
}

/** Up to 24 bits. Behind the end come zeros; `isBeyond` tells. */
export function takeBits(reader: BitReader, length: number): number {
  while (reader.count < length) {
    reader.held = (reader.held << 8) | (reader.bytes[reader.at] ?? 0);
    reader.at += 1;
    reader.count += 8;
  }
  reader.count -= length;
  return (reader.held >>> reader.count) & ((1 << length) - 1);
}

/** Whether more was taken than there is. */
export function isBeyond({ at, bytes, count }: BitReader): boolean {
  return at - (count >> 3) > bytes.length;
}

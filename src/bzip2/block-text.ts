import type { Block } from './block.ts';

const outputSize = 1 << 20;
const tables = makeTables();

export interface BlockText {
  /** Hands on the text of a block; answers its checksum. */
  read(links: Uint32Array, block: Block): number;
}

/** Walks the chain and undoes the first run-length step: four equal bytes are followed by how many more there are. */
export function createBlockText(take: (chunk: Buffer) => void): BlockText {
  const output = Buffer.allocUnsafe(outputSize + 256);
  return {
    read: (links, { length, origin }) => {
      let crc = -1;
      let filled = 0;
      let position = (links[origin] as number) >>> 8;
      let last = -1;
      let repeats = 0;
      const flush = (): void => {
        const chunk = output.subarray(0, filled);
        crc = updateChecksum(crc, chunk);
        take(chunk);
        filled = 0;
      };
      for (let index = 0; index < length; index += 1) {
        const entry = links[position] as number;
        position = entry >>> 8;
        const byte = entry & 0xff;
        if (repeats === 4) {
          output.fill(last, filled, filled + byte);
          filled += byte;
          repeats = 0;
          last = -1;
        } else {
          repeats = byte === last ? repeats + 1 : 1;
          last = byte;
          output[filled] = byte;
          filled += 1;
        }
        if (filled >= outputSize) flush();
      }
      if (filled > 0) flush();
      return ~crc >>> 0;
    },
  };
}

/** The format's checksum: the polynomial of CRC-32, the highest bit first. Four bytes at a time. */
function updateChecksum(start: number, bytes: Buffer): number {
  const [t0, t1, t2, t3] = tables;
  const whole = bytes.length & ~3;
  let crc = start;
  for (let at = 0; at < whole; at += 4) {
    const word =
      crc ^
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number));
    crc =
      (t3[word >>> 24] as number) ^
      (t2[(word >>> 16) & 0xff] as number) ^
      (t1[(word >>> 8) & 0xff] as number) ^
      (t0[word & 0xff] as number);
  }
  for (let at = whole; at < bytes.length; at += 1)
    crc = (crc << 8) ^ (t0[(crc >>> 24) ^ (bytes[at] as number)] as number);
  return crc;
}

function makeTables(): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const made = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const;
  const [first] = made;
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    first[byte] = crc;
  }
  for (let table = 1; table < 4; table += 1)
    for (let byte = 0; byte < 256; byte += 1) {
      const crc = made[(table - 1) as 0 | 1 | 2][byte] as number;
      (made[table as 1 | 2 | 3] as Int32Array)[byte] = (crc << 8) ^ (first[crc >>> 24] as number);
    }
  return [...made];
}

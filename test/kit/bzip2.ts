/** Bytes to a block: small, as sorting takes its time. */
const blockSize = 5_000;
const codeLength = 9;

/**
 * A bzip2 stream of these bytes, as simple as the format allows: every symbol has a code of nine bits, so nothing gets much smaller. It is here
 * because no test should need a program of the machine's.
 */
export function writeBzip2(content: Uint8Array, options: Bzip2Options = {}): Buffer {
  const { repeat = 1 } = options;
  const writer = createBitWriter();
  for (const byte of Buffer.from(options.magic ?? 'BZh1')) writer.put(byte, 8);
  let combined = 0;
  for (const { encoded, checksum } of shortenRuns(content)) {
    const block = makeBlock(encoded, checksum, options);
    for (let time = 0; time < repeat; time += 1) {
      for (const [value, length] of block) writer.put(value, length);
      combined = ((combined << 1) | (combined >>> 31)) ^ checksum;
    }
  }
  writer.put(0x177245, 24);
  writer.put(0x385090, 24);
  const total = options.checksum ?? combined;
  writer.put(total >>> 16, 16);
  writer.put(total & 0xffff, 16);
  return writer.finish();
}

export interface Bzip2Options {
  /** So many times each block. */
  repeat?: number;
  /** What is said, however wrong. */
  magic?: string;
  checksum?: number;
  blockChecksum?: number;
  randomised?: boolean;
  origin?: number;
}

interface BitWriter {
  put(value: number, length: number): void;
  finish(): Buffer;
}

function createBitWriter(): BitWriter {
  let buffer = Buffer.alloc(1 << 16);
  let bits = 0;
  return {
    put: (value, length) => {
      if ((bits >> 3) + 8 > buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      for (let bit = length - 1; bit >= 0; bit -= 1, bits += 1)
        if (((value >>> bit) & 1) === 1) buffer[bits >> 3] = (buffer[bits >> 3] as number) | (0x80 >> (bits & 7));
    },
    finish: () => buffer.subarray(0, (bits + 7) >> 3),
  };
}

/** The first step, block by block: four equal bytes are followed by how many more there are. The checksum is of the bytes before it. */
function* shortenRuns(content: Uint8Array): Generator<{ encoded: Uint8Array; checksum: number }> {
  let encoded: number[] = [];
  let crc = -1;
  for (let at = 0; at < content.length; ) {
    const byte = content[at] as number;
    let length = 1;
    while (length < 255 && content[at + length] === byte) length += 1;
    for (let index = 0; index < length; index += 1) crc = checksumStep(crc, byte);
    at += length;
    for (let index = 0; index < Math.min(4, length); index += 1) encoded.push(byte);
    if (length >= 4) encoded.push(length - 4);
    if (encoded.length < blockSize) continue;
    yield { encoded: Uint8Array.from(encoded), checksum: ~crc >>> 0 };
    encoded = [];
    crc = -1;
  }
  if (encoded.length > 0) yield { encoded: Uint8Array.from(encoded), checksum: ~crc >>> 0 };
}

function checksumStep(crc: number, byte: number): number {
  let next = crc ^ (byte << 24);
  for (let bit = 0; bit < 8; bit += 1) next = next < 0 ? (next << 1) ^ 0x04c11db7 : next << 1;
  return next;
}

/** Values, and how many bits each one takes. */
function makeBlock(encoded: Uint8Array, checksum: number, options: Bzip2Options): [value: number, length: number][] {
  const bits: [number, number][] = [];
  const put = (value: number, length: number): unknown => bits.push([value, length]);
  const said = options.blockChecksum ?? checksum;
  const { sorted, origin } = sortRotations(encoded);
  const used = [...new Set(encoded)].sort((a, b) => a - b);
  const symbols = moveToFront(sorted, used);
  put(0x314159, 24);
  put(0x265359, 24);
  put(said >>> 16, 16);
  put(said & 0xffff, 16);
  put(options.randomised ? 1 : 0, 1);
  put(options.origin ?? origin, 24);
  const rows = Array.from({ length: 16 }, (_, row) => used.filter((byte) => byte >> 4 === row));
  put(bitsOf(rows.flatMap((row, index) => (row.length > 0 ? [index] : []))), 16);
  for (const row of rows) if (row.length > 0) put(bitsOf(row.map((byte) => byte & 15)), 16);
  // Two tables, as the format wants at least two; the first is used throughout.
  put(2, 3);
  const groups = Math.ceil(symbols.length / 50);
  put(groups, 15);
  for (let group = 0; group < groups; group += 1) put(0, 1);
  for (let table = 0; table < 2; table += 1) {
    put(codeLength, 5);
    for (let symbol = 0; symbol < used.length + 2; symbol += 1) put(0, 1);
  }
  for (const symbol of symbols) put(symbol, codeLength);
  return bits;
}

function bitsOf(places: readonly number[]): number {
  return places.reduce((bits, place) => bits | (0x8000 >> place), 0);
}

/** The last column of all rotations in their order (prefix doubling), and which of them is the text. */
function sortRotations(text: Uint8Array): { sorted: Uint8Array; origin: number } {
  const { length } = text;
  const order = Uint32Array.from(text, (_, index) => index);
  let rank = Int32Array.from(text);
  for (let step = 0; step < length; step = step === 0 ? 1 : step * 2) {
    const key = Float64Array.from(rank, (first, index) => first * length + (rank[(index + step) % length] as number));
    order.sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
    const next = new Int32Array(length);
    let distinct = 0;
    for (let index = 1; index < length; index += 1) {
      if (key[order[index] as number] !== key[order[index - 1] as number]) distinct += 1;
      next[order[index] as number] = distinct;
    }
    rank = next;
    if (distinct === length - 1) break;
  }
  const sorted = Uint8Array.from(order, (start) => text[(start + length - 1) % length] as number);
  return { sorted, origin: order.indexOf(0) };
}

/** Move to front, with runs of the front as numbers; ends with the end of the block. */
function moveToFront(text: Uint8Array, used: readonly number[]): number[] {
  const recent = [...used];
  const symbols: number[] = [];
  let run = 0;
  const endRun = (): void => {
    // Digits 1 and 2 instead of 0 and 1.
    for (; run > 0; run = (run - 1) >> 1) symbols.push((run - 1) & 1);
    run = 0;
  };
  for (const byte of text) {
    const place = recent.indexOf(byte);
    if (place === 0) {
      run += 1;
      continue;
    }
    endRun();
    symbols.push(place + 1);
    recent.splice(place, 1);
    recent.unshift(byte);
  }
  endRun();
  symbols.push(used.length + 1);
  return symbols;
}

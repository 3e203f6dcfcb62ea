import { type BitReader, takeBits } from './bit-reader.ts';
import { type HuffmanTable, makeHuffmanTable, maximumLength, quickBits } from './huffman-table.ts';

const groupSize = 50;

/** Room for the largest block, used again for each. */
export interface BlockRoom {
  /** Low byte: a byte of the sorted text; above it: where the next one is. */
  links: Uint32Array;
  selectors: Uint8Array;
}

export function createBlockRoom(blockSize: number): BlockRoom {
  return { links: new Uint32Array(blockSize), selectors: new Uint8Array(1 << 15) };
}

export interface Block {
  length: number;
  /** Where in `links` the text begins. */
  origin: number;
}

/**
 * Reads a block behind its magic and checksum, and undoes the move-to-front step and half of the sorting: `room.links` becomes a chain through the
 * text. Undefined if it is damaged.
 */
export function readBlock(reader: BitReader, room: BlockRoom): Block | undefined {
  // Randomised blocks: nothing has written them for twenty-five years.
  if (takeBits(reader, 1) !== 0) return undefined;
  const origin = takeBits(reader, 24);
  const used = readUsedBytes(reader);
  const groups = takeBits(reader, 3);
  const selectors = takeBits(reader, 15);
  if (used.length === 0 || groups < 2 || groups > 6 || selectors === 0) return undefined;
  if (!readSelectors(reader, room.selectors, { groups, selectors })) return undefined;
  const tables: HuffmanTable[] = [];
  for (let group = 0; group < groups; group += 1) {
    const lengths = readLengths(reader, used.length + 2);
    const table = lengths && makeHuffmanTable(lengths);
    if (table === undefined) return undefined;
    tables.push(table);
  }
  const counts = new Int32Array(256);
  const length = readText(reader, room, { tables, selectors, used, counts });
  if (length === undefined || origin >= length) return undefined;
  chain(room.links, length, counts);
  return { length, origin };
}

function readUsedBytes(reader: BitReader): Uint8Array {
  const rows = takeBits(reader, 16);
  const used: number[] = [];
  for (let row = 0; row < 16; row += 1) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = takeBits(reader, 16);
    for (let column = 0; column < 16; column += 1)
      if ((columns & (0x8000 >> column)) !== 0) used.push(row * 16 + column);
  }
  return Uint8Array.from(used);
}

function readSelectors(
  reader: BitReader,
  into: Uint8Array,
  { groups, selectors }: { groups: number; selectors: number },
): boolean {
  const order = [0, 1, 2, 3, 4, 5];
  for (let index = 0; index < selectors; index += 1) {
    let place = 0;
    while (takeBits(reader, 1) === 1) {
      place += 1;
      if (place >= groups) return false;
    }
    const [group = 0] = order.splice(place, 1);
    order.unshift(group);
    into[index] = group;
  }
  return true;
}

function readLengths(reader: BitReader, count: number): Uint8Array | undefined {
  const lengths = new Uint8Array(count);
  let length = takeBits(reader, 5);
  for (let symbol = 0; symbol < count; symbol += 1) {
    while (true) {
      if (length < 1 || length > maximumLength) return undefined;
      if (takeBits(reader, 1) === 0) break;
      length += takeBits(reader, 1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

interface Coding {
  tables: HuffmanTable[];
  selectors: number;
  used: Uint8Array;
  counts: Int32Array;
}

/**
 * Undoes the Huffman, run-length and move-to-front steps. Everything in one loop with its state in local variables: this is where the time goes.
 * Answers how many bytes there are.
 */
function readText(reader: BitReader, { links, selectors: order }: BlockRoom, coding: Coding): number | undefined {
  const { tables, selectors, used, counts } = coding;
  const { bytes } = reader;
  const endOfBlock = used.length + 1;
  const recent = Uint8Array.from(used);
  const room = links.length;
  let { at, held, count } = reader;
  let length = 0;
  let runLength = 0;
  let runStep = 1;
  for (let group = 0; group < selectors; group += 1) {
    const { quick, limits, offsets, symbols } = tables[order[group] as number] as HuffmanTable;
    for (let turn = 0; turn < groupSize; turn += 1) {
      while (count <= 24) {
        held = (held << 8) | (at < bytes.length ? (bytes[at] as number) : 0);
        at += 1;
        count += 8;
      }
      let symbol: number;
      const found = quick[(held >>> (count - quickBits)) & ((1 << quickBits) - 1)] as number;
      if (found !== 0) {
        symbol = found >>> 5;
        count -= found & 31;
      } else {
        const ahead = (held >>> (count - maximumLength)) & ((1 << maximumLength) - 1);
        let size = quickBits + 1;
        while (size <= maximumLength && ahead >= (limits[size] as number)) size += 1;
        if (size > maximumLength) return undefined;
        symbol = symbols[(ahead >>> (maximumLength - size)) + (offsets[size] as number)] as number;
        count -= size;
      }
      if (symbol <= 1) {
        // Digits of a run's length, 1 and 2 instead of 0 and 1.
        runLength += runStep << symbol;
        runStep <<= 1;
        if (runLength > room) return undefined;
        continue;
      }
      if (runLength > 0) {
        if (length + runLength > room) return undefined;
        const byte = recent[0] as number;
        links.fill(byte, length, length + runLength);
        counts[byte] = (counts[byte] as number) + runLength;
        length += runLength;
        runLength = 0;
        runStep = 1;
      }
      if (symbol === endOfBlock) {
        Object.assign(reader, { at, held, count });
        return at - (count >> 3) > bytes.length ? undefined : length;
      }
      if (length >= room) return undefined;
      const place = symbol - 1;
      const byte = recent[place] as number;
      if (place < 16) for (let index = place; index > 0; index -= 1) recent[index] = recent[index - 1] as number;
      else recent.copyWithin(1, 0, place);
      recent[0] = byte;
      links[length] = byte;
      counts[byte] = (counts[byte] as number) + 1;
      length += 1;
    }
  }
  return undefined;
}

/** The other half of a byte's entry: the place of the byte that comes behind it in the text. */
function chain(links: Uint32Array, length: number, counts: Int32Array): void {
  const next = new Int32Array(256);
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    next[byte] = sum;
    sum += counts[byte] as number;
  }
  for (let index = 0; index < length; index += 1) {
    const byte = (links[index] as number) & 0xff;
    const place = next[byte] as number;
    next[byte] = place + 1;
    links[place] = (links[place] as number) | (index << 8);
  }
}

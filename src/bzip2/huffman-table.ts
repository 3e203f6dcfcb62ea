/** Up to so many bits a code is found by one look. */
const quickBits = 10;
const maximumLength = 20;

/** A canonical code (the format's lengths are from 1 to 20 bits). */
export interface HuffmanTable {
  /** By the next `quickBits` bits: symbol × 32 + length, or 0 for longer codes. */
  quick: Uint16Array;
  /** By length: the first number, of `maximumLength` bits, that belongs to longer codes. */
  limits: Int32Array;
  /** By length: what to add to a code to find its place in `symbols`. */
  offsets: Int32Array;
  symbols: Uint16Array;
}

/** Undefined if there are more codes than the lengths have room for. */
export function makeHuffmanTable(lengths: Uint8Array): HuffmanTable | undefined {
  const counts = new Int32Array(maximumLength + 2);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const limits = new Int32Array(maximumLength + 1);
  const offsets = new Int32Array(maximumLength + 1);
  const starts = new Int32Array(maximumLength + 2);
  const symbols = new Uint16Array(lengths.length);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= maximumLength; length += 1) {
    starts[length] = place;
    offsets[length] = place - code;
    const count = counts[length] as number;
    code += count;
    place += count;
    if (code > 2 ** length) return undefined;
    limits[length] = code << (maximumLength - length);
    code <<= 1;
  }
  const quick = new Uint16Array(1 << quickBits);
  for (let symbol = 0; symbol < lengths.length; symbol += 1) {
    const length = lengths[symbol] as number;
    const at = starts[length] as number;
    starts[length] = at + 1;
    symbols[at] = symbol;
    if (length > quickBits) continue;
    const first = (at - (offsets[length] as number)) << (quickBits - length);
    quick.fill((symbol << 5) | length, first, first + (1 << (quickBits - length)));
  }
  return { quick, limits, offsets, symbols };
}

export { maximumLength, quickBits };

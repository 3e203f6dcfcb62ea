/**
 * A deflate encoder of our own (RFC 1951) for what lies between the files of an archive: headers, which are mostly zeros, and small files. It uses
 * the fixed codes, and of the matches only those at distance 1: runs of one byte. So its output depends on nothing but this file, and is as
 * fast to read as it is to write. What it cannot make smaller is stored.
 */
export function deflateRuns(input: Buffer): Buffer {
  const packed = packRuns(input);
  const blocks = Math.max(1, Math.ceil(input.length / storedLimit));
  return packed.length < input.length + 5 * blocks ? packed : store(input);
}

const storedLimit = 0xffff;
const longestMatch = 258;

function store(input: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < input.length; at += storedLimit) {
    const length = Math.min(storedLimit, input.length - at);
    const head = Buffer.alloc(5);
    head[0] = at + length === input.length ? 1 : 0;
    head.writeUInt16LE(length, 1);
    head.writeUInt16LE(length ^ 0xffff, 3);
    parts.push(head, input.subarray(at, at + length));
  }
  return Buffer.concat(parts);
}

/** Codes and their lengths in bits, reversed as the format wants them: 0–255 literals, 256 the end, from 257 on lengths of matches. */
const codes = new Uint16Array(288);
const widths = new Uint8Array(288);
for (let symbol = 0; symbol < 288; symbol += 1) {
  const [code, width] =
    symbol < 144
      ? [0x30 + symbol, 8]
      : symbol < 256
        ? [0x190 + symbol - 144, 9]
        : symbol < 280
          ? [symbol - 256, 7]
          : [0xc0 + symbol - 280, 8];
  codes[symbol] = reverse(code, width);
  widths[symbol] = width;
}

/** For each length of a match: its symbol, extra bits and how many those are (RFC 1951, 3.2.5). */
const matchSymbol = new Uint16Array(longestMatch + 1);
const matchExtra = new Uint8Array(longestMatch + 1);
const matchExtraWidth = new Uint8Array(longestMatch + 1);
for (let symbol = 257, length = 3; symbol < 285; symbol += 1) {
  const width = symbol < 265 ? 0 : (symbol - 261) >> 2;
  for (let extra = 0; extra < 1 << width && length < longestMatch; extra += 1, length += 1) {
    matchSymbol[length] = symbol;
    matchExtra[length] = extra;
    matchExtraWidth[length] = width;
  }
}
matchSymbol[longestMatch] = 285;

function packRuns(input: Buffer): Buffer {
  // A literal takes 9 bits at most.
  const output = Buffer.allocUnsafe(input.length + (input.length >> 3) + 16);
  let at = 0;
  // The block is the last one, and has the fixed codes.
  let bits = 0b011;
  let count = 3;
  const put = (value: number, width: number): void => {
    bits |= value << count;
    count += width;
    while (count >= 8) {
      output[at] = bits & 0xff;
      at += 1;
      bits >>>= 8;
      count -= 8;
    }
  };
  for (let index = 0; index < input.length; ) {
    const byte = input[index] as number;
    put(codes[byte] as number, widths[byte] as number);
    index += 1;
    let run = 0;
    while (index + run < input.length && input[index + run] === byte) run += 1;
    while (run >= 3) {
      const length = Math.min(run, longestMatch);
      const symbol = matchSymbol[length] as number;
      put(codes[symbol] as number, widths[symbol] as number);
      put(matchExtra[length] as number, matchExtraWidth[length] as number);
      // Distance 1: five zero bits.
      put(0, 5);
      index += length;
      run -= length;
    }
  }
  put(codes[256] as number, widths[256] as number);
  if (count > 0) put(0, 8 - count);
  return output.subarray(0, at);
}

function reverse(code: number, width: number): number {
  let result = 0;
  for (let bit = 0; bit < width; bit += 1) result |= ((code >> bit) & 1) << (width - 1 - bit);
  return result;
}

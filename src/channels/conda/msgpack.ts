/** What sharded repodata is made of. Maps come without a prototype, binary as it is. */
export type MessagePack =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | MessagePack[]
  | { [key: string]: MessagePack };

const deepest = 64;

/** How many values may still be made: a byte can become a hundred in memory. Who reads counts down. */
export interface ValueBudget {
  left: number;
}

/** Reads one MessagePack value that fills `bytes`. @throws Error for what is none, ends early, goes too deep, or has more values than `budget` allows. */
export function decodeMessagePack(bytes: Uint8Array, budget: ValueBudget = { left: 1_000_000 }): MessagePack {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  const take = (size: number): number => {
    const from = at;
    if (size > bytes.length - at) throw new Error('the data ends in the middle');
    at += size;
    return from;
  };
  const length = (size: 1 | 2 | 4): number => {
    const from = take(size);
    if (size === 1) return view.getUint8(from);
    return size === 2 ? view.getUint16(from) : view.getUint32(from);
  };
  const string = (size: number): string => text.toString('utf8', take(size), at);
  const binary = (size: number): Uint8Array => bytes.subarray(take(size), at);
  const array = (size: number, depth: number): MessagePack[] => {
    if (size > bytes.length - at) throw new Error('the data ends in the middle');
    if (size > budget.left) throw tooMany();
    return Array.from({ length: size }, () => read(depth + 1));
  };
  const map = (size: number, depth: number): Record<string, MessagePack> => {
    const entries: Record<string, MessagePack> = Object.create(null);
    for (let left = size; left > 0; left -= 1) {
      const key = read(depth + 1);
      if (typeof key !== 'string') throw new Error('a key is no text');
      entries[key] = read(depth + 1);
    }
    return entries;
  };
  const extension = (size: number): null => {
    take(1 + size);
    return null;
  };
  const read = (depth: number): MessagePack => {
    if (depth > deepest) throw new Error('the data is nested too deeply');
    budget.left -= 1;
    if (budget.left < 0) throw tooMany();
    const kind = view.getUint8(take(1));
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 0x0f, depth);
    if (kind < 0xa0) return array(kind & 0x0f, depth);
    if (kind < 0xc0) return string(kind & 0x1f);
    if (kind >= 0xe0) return kind - 0x100;
    return readMarked(kind, depth);
  };
  const readMarked = (kind: number, depth: number): MessagePack => {
    switch (kind) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return binary(length(1));
      case 0xc5:
        return binary(length(2));
      case 0xc6:
        return binary(length(4));
      case 0xc7:
        return extension(length(1));
      case 0xc8:
        return extension(length(2));
      case 0xc9:
        return extension(length(4));
      case 0xca:
        return view.getFloat32(take(4));
      case 0xcb:
        return view.getFloat64(take(8));
      case 0xcc:
        return length(1);
      case 0xcd:
        return length(2);
      case 0xce:
        return length(4);
      case 0xcf:
        return Number(view.getBigUint64(take(8)));
      case 0xd0:
        return view.getInt8(take(1));
      case 0xd1:
        return view.getInt16(take(2));
      case 0xd2:
        return view.getInt32(take(4));
      case 0xd3:
        return Number(view.getBigInt64(take(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return extension(2 ** (kind - 0xd4));
      case 0xd9:
        return string(length(1));
      case 0xda:
        return string(length(2));
      case 0xdb:
        return string(length(4));
      case 0xdc:
        return array(length(2), depth);
      case 0xdd:
        return array(length(4), depth);
      case 0xde:
        return map(length(2), depth);
      case 0xdf:
        return map(length(4), depth);
      default:
        throw new Error(`the data has a byte that means nothing (0x${kind.toString(16)})`);
    }
  };

  const value = read(0);
  if (at !== bytes.length) throw new Error('the data goes on behind its end');
  return value;
}

function tooMany(): Error {
  return new Error('the data has far too many values');
}

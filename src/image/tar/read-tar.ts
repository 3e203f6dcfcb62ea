import { isUtf8 } from 'node:buffer';
import { AppError } from '../../errors/index.ts';

export type MemberKind = 'file' | 'hard link' | 'link' | 'folder' | 'device' | 'fifo';

export interface TarMember {
  /** As written. */
  path: string;
  kind: MemberKind;
  /** Bytes of content. */
  size: number;
  mode: number;
  uid: number;
  gid: number;
  /** Of links. */
  target: string;
  /** Where the content begins in the archive. */
  offset: number;
}

/** Reads a tar archive that is pushed in pieces, as engines do: POSIX, GNU's dialect, and the old kind. */
export interface TarScan {
  push(chunk: Uint8Array): void;
  /** Says that no more comes. @throws AppError INVALID_IMAGE if something is missing. */
  finish(): TarEnd;
}

export interface TarEnd {
  /** It has the two blocks of zeros. */
  isEnded: boolean;
  /** Something other than zeros stands behind them; engines do not see it. */
  hasMore: boolean;
  /** Bytes in all. */
  size: number;
}

export interface TarSink {
  /** What takes the content, if anything does. */
  member(member: TarMember): { write(chunk: Uint8Array): void; end(): void } | undefined;
}

const blockSize = 512;
/** Of extended headers and long names. */
const largestExtension = 1 << 20;
const kinds: Readonly<Record<string, MemberKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hard link',
  '2': 'link',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'fifo',
};

interface Extension {
  path?: string;
  target?: string;
  size?: number;
  uid?: number;
  gid?: number;
}

/** `label` names the archive in messages. */
export function createTarScan(sink: TarSink, label: string): TarScan {
  const block = Buffer.alloc(blockSize);
  let filled = 0;
  let position = 0;
  let left = 0;
  let padding = 0;
  let zeros = 0;
  let isOver = false;
  let hasMore = false;
  let moreHeaders = false;
  let taker: { write(chunk: Uint8Array): void; end(): void } | undefined;
  let next: Extension = {};
  let isMiddle = false;

  const startContent = (size: number): void => {
    left = size;
    padding = (blockSize - (size % blockSize)) % blockSize;
    if (size === 0) endContent();
  };
  const endContent = (): void => {
    taker?.end();
    taker = undefined;
  };
  const header = (): void => {
    if (isZero(block)) {
      zeros += 1;
      isMiddle = false;
      if (zeros === 2) isOver = true;
      return;
    }
    if (zeros > 0) {
      // One block of zeros ends it for most; what follows is not seen.
      isOver = true;
      hasMore = true;
      return;
    }
    if (moreHeaders) {
      moreHeaders = block[504] === 1;
      return;
    }
    const type = String.fromCharCode(block[156] as number);
    const size = readNumber(block, 124, 12);
    if (!hasChecksum(block) || size === undefined)
      throw broken(label, `a header is damaged (byte ${position - blockSize})`);
    isMiddle = true;
    if (['x', 'g', 'L', 'K'].includes(type)) {
      if (size > largestExtension) throw broken(label, `an extended header has ${size} bytes`);
      const parts: Buffer[] = [];
      taker = {
        write: (chunk) => parts.push(Buffer.from(chunk)),
        end: () => {
          const body = Buffer.concat(parts);
          if (type === 'x') next = { ...next, ...readExtension(body, label) };
          else if (type === 'L') next.path = text(untilNul(body));
          else if (type === 'K') next.target = text(untilNul(body));
        },
      };
      return startContent(size);
    }
    const member = readMember(block, { type, size, next, offset: position });
    moreHeaders = type === 'S' && block[482] === 1;
    next = {};
    isMiddle = false;
    taker = sink.member(member);
    startContent(member.size);
  };

  return {
    push: (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        if (left > 0) {
          const piece = chunk.subarray(at, at + left);
          taker?.write(piece);
          left -= piece.length;
          at += piece.length;
          position += piece.length;
          if (left === 0) endContent();
        } else if (padding > 0) {
          const skipped = Math.min(padding, chunk.length - at);
          padding -= skipped;
          at += skipped;
          position += skipped;
        } else if (isOver) {
          if (!hasMore && chunk.subarray(at).some((byte) => byte !== 0)) hasMore = true;
          position += chunk.length - at;
          return;
        } else {
          const piece = chunk.subarray(at, at + blockSize - filled);
          block.set(piece, filled);
          filled += piece.length;
          at += piece.length;
          position += piece.length;
          if (filled < blockSize) continue;
          filled = 0;
          header();
        }
      }
    },
    finish: () => {
      if (left > 0 || filled > 0 || isMiddle || moreHeaders) throw broken(label, 'it is cut off');
      return { isEnded: zeros > 1, hasMore, size: position };
    },
  };
}

function readMember(
  block: Buffer,
  { type, size, next, offset }: { type: string; size: number; next: Extension; offset: number },
): TarMember {
  const magic = block.toString('latin1', 257, 263);
  const short = text(untilNul(block.subarray(0, 100)));
  const prefix = magic === 'ustar\0' ? text(untilNul(block.subarray(345, 500))) : '';
  const path = next.path ?? (prefix === '' ? short : `${prefix}/${short}`);
  // Before there were types, a slash at the end made a folder.
  const known = kinds[type] ?? 'file';
  const kind = known === 'file' && path.endsWith('/') ? 'folder' : known;
  return {
    path,
    kind,
    size: kind === 'file' ? (next.size ?? size) : 0,
    mode: (readNumber(block, 100, 8) ?? 0) & 0o7777,
    uid: next.uid ?? readNumber(block, 108, 8) ?? 0,
    gid: next.gid ?? readNumber(block, 116, 8) ?? 0,
    target: next.target ?? text(untilNul(block.subarray(157, 257))),
    offset,
  };
}

/** Records `length key=value` (POSIX.1-2001, "pax"). */
function readExtension(body: Buffer, label: string): Extension {
  const found: Extension = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, Math.max(at, space)));
    const end = at + length;
    const equals = body.indexOf(0x3d, space);
    const isWhole = Number.isInteger(length) && space !== -1 && end <= body.length && equals > space && equals < end;
    if (!isWhole || body[end - 1] !== 0x0a) throw broken(label, 'an extended header is damaged');
    const value = body.subarray(equals + 1, end - 1);
    switch (body.toString('latin1', space + 1, equals)) {
      case 'path':
      case 'GNU.sparse.name':
        found.path = text(value);
        break;
      case 'linkpath':
        found.target = text(value);
        break;
      case 'size':
        found.size = whole(value, label);
        break;
      case 'uid':
        found.uid = whole(value, label);
        break;
      case 'gid':
        found.gid = whole(value, label);
        break;
      default:
    }
    at = end;
  }
  return found;
}

function whole(value: Buffer, label: string): number {
  const number = Number(value.toString('latin1'));
  if (!/^\d+$/.test(value.toString('latin1')) || !Number.isSafeInteger(number))
    throw broken(label, 'an extended header is damaged');
  return number;
}

/** Octal digits, or GNU's binary form for what they cannot hold. */
function readNumber(block: Buffer, from: number, length: number): number | undefined {
  const first = block[from] as number;
  if ((first & 0x80) !== 0) {
    let value = first & 0x3f;
    for (let at = from + 1; at < from + length; at += 1) value = value * 256 + (block[at] as number);
    return (first & 0x40) === 0 && Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(block.toString('latin1', from, from + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits === '' ? '0' : digits, 8);
}

/** The sum of all bytes, those of the sum itself counted as blanks; some old programs took bytes for signed ones. */
function hasChecksum(block: Buffer): boolean {
  let sum = 8 * 0x20;
  let signed = sum;
  for (let at = 0; at < blockSize; at += 1) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] as number;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const declared = readNumber(block, 148, 8);
  return declared === sum || declared === signed;
}

function isZero(block: Buffer): boolean {
  for (let at = 0; at < blockSize; at += 1) if (block[at] !== 0) return false;
  return true;
}

function untilNul(bytes: Buffer): Buffer {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}

/** Names that are no UTF-8 are kept apart from each other, that is all. */
function text(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

function broken(label: string, what: string): AppError {
  return new AppError('INVALID_IMAGE', `\`${label}\` is no valid tar archive: ${what}`, {
    hint: 'It is damaged, or it was made by a broken program.',
  });
}

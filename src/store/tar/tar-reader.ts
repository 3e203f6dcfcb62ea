import { corrupt, hostile, showName } from '../archive-error.ts';
import { type PaxChanges, readPaxRecords } from './pax-records.ts';
import { blockSize, readTarHeader, readText, type TarHeader } from './tar-header.ts';

export interface TarMember {
  /** As written, but for the slash behind a folder's. */
  path: string;
  kind: 'file' | 'hard link' | 'link' | 'folder';
  size: number;
  executable: boolean;
  /** When it was written last, in seconds since 1970. */
  time: number | undefined;
  /** Of links. */
  target: string;
}

/** Takes a tar's members: for each one `begin`, its bytes, `end`. */
export interface TarSink {
  begin(member: TarMember): void;
  /** Valid until it returns. */
  write(chunk: Buffer): void;
  end(): void;
}

export interface TarReader {
  push(chunk: Buffer): void;
  /** Says that no more bytes come. */
  finish(): void;
}

const maximumMembers = 500_000;
/** Long names and extended headers are kept in memory. */
const maximumExtension = 1 << 20;

const kinds: ReadonlyMap<string, TarMember['kind']> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['1', 'hard link'],
  ['2', 'link'],
  ['5', 'folder'],
]);
const refused: ReadonlyMap<string, string> = new Map([
  ['3', 'a device'],
  ['4', 'a device'],
  ['6', 'a pipe'],
  ['S', 'a sparse file'],
]);

/**
 * Reads a tar as it comes. Only what honest tools write today is taken: files, links and folders with ustar, GNU or pax headers, and at the end two
 * blocks of zeros with nothing behind them. Whatever two readers could understand in two ways is refused.
 * @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, from `push` and `finish`.
 */
export function createTarReader(label: string, sink: TarSink): TarReader {
  const held = Buffer.alloc(blockSize);
  let holding = 0;
  let members = 0;
  let changes: PaxChanges = {};
  let extension: { type: string; body: Buffer; filled: number } | undefined;
  /** Bytes that are still to come of what is being read, and behind that to the end of the block. */
  let remaining = 0;
  let padding = 0;
  let zeroBlocks = 0;

  const endOfData = (): void => {
    if (extension === undefined) {
      sink.end();
      return;
    }
    const { type, body } = extension;
    extension = undefined;
    applyExtension(type, body);
  };
  const applyExtension = (type: string, body: Buffer): void => {
    if (type === 'g') {
      const { time: _, ...found } = readPaxRecords(body, label);
      if (Object.keys(found).length > 0) throw hostile(label, 'its tar gives one name to all members');
      return;
    }
    const found: PaxChanges =
      type === 'x'
        ? readPaxRecords(body, label)
        : { [type === 'L' ? 'path' : 'target']: readText(body, 0, body.length, label) };
    for (const key of Object.keys(found)) if (key in changes) throw hostile(label, 'a member of its tar has two names');
    changes = { ...changes, ...found };
  };
  const beginExtension = ({ type, size }: TarHeader): void => {
    if (size > maximumExtension) throw hostile(label, `its tar has a header of ${size} bytes`);
    extension = { type, body: Buffer.alloc(size), filled: 0 };
    expect(size);
  };
  const beginMember = (header: TarHeader): void => {
    members += 1;
    if (members > maximumMembers) throw hostile(label, `it has more than ${maximumMembers} members`);
    const member = memberOf(header, changes, label);
    changes = {};
    sink.begin(member);
    expect(member.size);
  };
  const expect = (size: number): void => {
    remaining = size;
    padding = (blockSize - (size % blockSize)) % blockSize;
    if (size === 0) endOfData();
  };
  const takeBlock = (block: Buffer): void => {
    if (isZero(block)) {
      zeroBlocks += 1;
      return;
    }
    if (zeroBlocks > 0) throw hostile(label, 'its tar has something behind its end');
    const header = readTarHeader(block, label);
    if ('LKxg'.includes(header.type)) beginExtension(header);
    else beginMember(header);
  };
  const takeData = (chunk: Buffer): void => {
    if (extension === undefined) sink.write(chunk);
    else extension.filled += chunk.copy(extension.body, extension.filled);
    remaining -= chunk.length;
    if (remaining === 0) endOfData();
  };

  return {
    push: (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        const left = chunk.length - at;
        if (remaining > 0) {
          const length = Math.min(remaining, left);
          takeData(chunk.subarray(at, at + length));
          at += length;
        } else if (padding > 0) {
          const length = Math.min(padding, left);
          padding -= length;
          at += length;
        } else if (holding === 0 && left >= blockSize) {
          takeBlock(chunk.subarray(at, at + blockSize));
          at += blockSize;
        } else {
          const length = chunk.copy(held, holding, at);
          holding += length;
          at += length;
          if (holding < blockSize) return;
          holding = 0;
          takeBlock(held);
        }
      }
    },
    finish: () => {
      if (zeroBlocks < 2 || holding > 0) throw corrupt(label, 'its tar is cut off');
      if (Object.keys(changes).length > 0) throw corrupt(label, 'its tar ends in a header');
    },
  };
}

function memberOf(header: TarHeader, changes: PaxChanges, label: string): TarMember {
  const written = changes.path ?? header.name();
  const kind = kinds.get(header.type);
  if (kind === undefined)
    throw hostile(label, `${showName(written)} is ${refused.get(header.type) ?? 'no file, link or folder'}`);
  if (changes.size !== undefined && header.size !== 0 && header.size !== changes.size)
    throw hostile(label, `${showName(written)} has two sizes`);
  const size = changes.size ?? header.size;
  if (kind !== 'file' && size > 0) throw hostile(label, `${showName(written)} is a ${kind} with content`);
  const path = kind === 'folder' && written.endsWith('/') ? written.slice(0, -1) : written;
  return {
    path,
    kind,
    size,
    executable: (header.mode & 0o111) !== 0,
    time: changes.time ?? header.time,
    target: changes.target ?? header.linkName(),
  };
}

function isZero(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  for (let at = 1; at < blockSize; at += 1) if (block[at] !== 0) return false;
  return true;
}

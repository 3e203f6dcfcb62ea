/** A member of a tar that is written; what is given explicitly is written as it is, however wrong. */
export interface TarEntry {
  path: string | Uint8Array;
  /** The type's character; '0', a file, if not given. */
  type?: string;
  content?: Uint8Array;
  mode?: number;
  /** Seconds since 1970. */
  time?: number;
  /** A link's. */
  target?: string;
  /** What the header says, where it shall differ from the truth. */
  declaredSize?: number;
  checksum?: number;
  magic?: string;
  /** Records of an extended header before the member. */
  pax?: Readonly<Record<string, string>>;
  /** Blocks before the member, whatever they are. */
  before?: Uint8Array;
}

export interface TarOptions {
  /** How names that a header has no room for are written. */
  dialect?: 'pax' | 'gnu';
  /** Blocks of zeros at the end. */
  endBlocks?: number;
  trailing?: Uint8Array;
}

const block = 512;

/** Writes a tar, in the order of the entries, with no owners. */
export function writeTar(entries: readonly TarEntry[], options: TarOptions = {}): Buffer {
  const parts = entries.flatMap((entry) => member(entry, options));
  return Buffer.concat([...parts, Buffer.alloc(block * (options.endBlocks ?? 2)), options.trailing ?? Buffer.alloc(0)]);
}

function member(entry: TarEntry, { dialect = 'pax' }: TarOptions): Uint8Array[] {
  const path = Buffer.from(entry.path as string);
  const target = Buffer.from(entry.target ?? '');
  const isLong = path.length > 100 || target.length > 100;
  const records = { ...(isLong && dialect === 'pax' ? longNames(path, target) : {}), ...entry.pax };
  const content = entry.content ?? Buffer.alloc(0);
  return [
    entry.before ?? Buffer.alloc(0),
    ...(Object.keys(records).length > 0 ? tarExtension('x', paxRecords(records)) : []),
    ...(dialect === 'gnu' && path.length > 100 ? tarExtension('L', Buffer.concat([path, Buffer.alloc(1)])) : []),
    ...(dialect === 'gnu' && target.length > 100 ? tarExtension('K', Buffer.concat([target, Buffer.alloc(1)])) : []),
    header(entry, { path: path.subarray(0, 100), target: target.subarray(0, 100), size: content.length, dialect }),
    padded(content),
  ];
}

function longNames(path: Buffer, target: Buffer): Record<string, string> {
  return {
    ...(path.length > 100 ? { path: path.toString() } : {}),
    ...(target.length > 100 ? { linkpath: target.toString() } : {}),
  };
}

/** `length key=value`, where the length counts itself. */
export function paxRecords(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + String(rest).length;
    length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return Buffer.from(lines.join(''));
}

/** A header of its own kind with its content: pax ('x', 'g') or a long name ('L', 'K'). */
export function tarExtension(type: string, body: Uint8Array): Uint8Array[] {
  const facts = {
    path: Buffer.from('././@LongLink'),
    target: Buffer.alloc(0),
    size: body.length,
    dialect: 'pax' as const,
  };
  return [header({ path: '', type }, facts), padded(body)];
}

interface HeaderFacts {
  path: Buffer;
  target: Buffer;
  size: number;
  dialect: 'pax' | 'gnu';
}

function header(entry: TarEntry, { path, target, size, dialect }: HeaderFacts): Buffer {
  const bytes = Buffer.alloc(block);
  bytes.set(path, 0);
  bytes.write(octal(entry.mode ?? 0o644, 7), 100, 'latin1');
  bytes.write(octal(0, 7), 108, 'latin1');
  bytes.write(octal(0, 7), 116, 'latin1');
  bytes.write(octal(entry.declaredSize ?? size, 11), 124, 'latin1');
  bytes.write(octal(entry.time ?? 0, 11), 136, 'latin1');
  bytes.write(entry.type ?? '0', 156, 'latin1');
  bytes.set(target, 157);
  bytes.write(entry.magic ?? (dialect === 'gnu' ? 'ustar  \0' : 'ustar\x0000'), 257, 'latin1');
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(entry.checksum ?? sum, 6)}\0 `, 148, 'latin1');
  return bytes;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function padded(content: Uint8Array): Buffer {
  return Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
}

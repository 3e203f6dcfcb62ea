export type TarKind = 'file' | 'folder' | 'link';

/** What stands before the content of a file in a tar archive, or alone for what has none. */
export interface TarEntry {
  /** Relative, with `/`, without one at its end. */
  path: string;
  kind: TarKind;
  /** Of a file. */
  size?: number;
  /** A link's target. */
  target?: string;
  /** Permission bits. */
  mode: number;
  uid?: number;
  gid?: number;
}

export const blockSize = 512;
/** The time of everything: 2000-01-01T00:00:00Z. Zip files and some programs refuse what is older than 1980. */
export const fixedTime = 946_684_800;

const typeFlags = { file: '0', folder: '5', link: '2' } as const;
/** What the eleven octal digits of the size field can say. */
const largestSize = 0o77777777777;

/**
 * The header of an entry as POSIX.1-2001 (pax) has it: ustar alone where that can say it, else with an extended header before it.
 * Nothing in it depends on anything but the entry.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const size = entry.kind === 'file' ? (entry.size ?? 0) : 0;
  const records: [string, string][] = [];
  const split = splitName(name);
  if (split === undefined) records.push(['path', name]);
  const target = entry.target ?? '';
  const isShortTarget = isPlain(target) && target.length <= 100;
  if (!isShortTarget) records.push(['linkpath', target]);
  if (size > largestSize) records.push(['size', String(size)]);
  const own = {
    ...entry,
    ...(split ?? { prefix: '', name: shorten(name) }),
    target: isShortTarget ? target : shorten(target),
    size: size > largestSize ? 0 : size,
    flag: typeFlags[entry.kind],
  };
  if (records.length === 0) return ustarHeader(own);
  return Buffer.concat([extendedHeader(records), ustarHeader(own)]);
}

/** So many zeros fill the last block of a content. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** What ends an archive. */
export const endOfTar = Buffer.alloc(2 * blockSize);

interface HeaderFields {
  name: string;
  prefix: string;
  target: string;
  size: number;
  mode: number;
  uid?: number;
  gid?: number;
  flag: string;
}

function ustarHeader({ name, prefix, target, size, mode, uid = 0, gid = 0, flag }: HeaderFields): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(name, 0, 100, 'latin1');
  octal(header, 100, 8, mode);
  octal(header, 108, 8, uid);
  octal(header, 116, 8, gid);
  octal(header, 124, 12, size);
  octal(header, 136, 12, fixedTime);
  header.write(flag, 156, 'latin1');
  header.write(target, 157, 100, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(prefix, 345, 155, 'latin1');
  header.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function octal(header: Buffer, at: number, width: number, value: number): void {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (digits.length >= width) throw new Error(`${value} does not fit in a tar header`);
  header.write(digits, at, 'latin1');
}

/** An extended header (type x) with records `length key=value`. */
function extendedHeader(records: readonly [string, string][]): Buffer {
  const body = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''));
  const header = ustarHeader({
    name: 'PaxHeader',
    prefix: '',
    target: '',
    size: body.length,
    mode: 0o644,
    flag: 'x',
  });
  return Buffer.concat([header, body, Buffer.alloc(paddingOf(body.length))]);
}

/** The length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** As ustar splits a long name at a slash; undefined if it cannot say the name. */
function splitName(name: string): { prefix: string; name: string } | undefined {
  if (!isPlain(name)) return undefined;
  if (name.length <= 100) return { prefix: '', name };
  // The last slash (but the one at the end) that leaves a short enough prefix.
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

/** What readers without pax see: something that says where it belongs. */
function shorten(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '_').slice(-100);
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

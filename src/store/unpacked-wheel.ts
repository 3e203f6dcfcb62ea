import { hash } from 'node:crypto';
import { closeSync, fstatSync, futimesSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Number of the layout of an unpacked wheel: what has another one is unpacked anew. */
const format = 2;

export interface EntryPoint {
  name: string;
  module: string;
  object: string;
}

/** A member that does not go where it stands in the wheel. */
export interface SpreadFile {
  /** In the wheel, with `/`; below `.data`. */
  path: string;
  size: number;
  sha256: string;
  executable: boolean;
}

/** What is written down of an unpacked wheel. */
export interface WheelIndex {
  sha256: string;
  filename: string;
  /** The `.dist-info` and `.data` folders' names. */
  distInfo: string;
  data: string;
  name: string;
  version: string;
  rootIsPurelib: boolean;
  consoleScripts: EntryPoint[];
  guiScripts: EntryPoint[];
  requiresPython?: string;
  /** `.data/scripts/` files that begin with `#!python`: their bytes after the first line, as latin-1. */
  pythonScripts: { path: string; body: string }[];
  /** Members below `.data`. */
  spread: SpreadFile[];
  /** Executable files of the tree. */
  executables: string[];
  /** Bytes of the tree's files. */
  bytes: number;
}

/** A wheel that is unpacked in the store: what a plan has to know of it. */
export interface UnpackedWheel extends WheelIndex {
  /** Where the files are. Absolute. */
  folder: string;
  /** The files that go to site-packages as they are; see `readTree`. All but `.data` and what an installer writes itself. */
  tree: string;
  /** The lines of RECORD for the files of the tree, sorted by path. */
  record: Buffer;
  /** The file that holds `record`, and its SHA-256. */
  recordFile: string;
  recordDigest: string;
}

const used = 3_600_000;

/** Writes `index` and `record` into a wheel's folder. Both are sealed by their digest. */
export function writeWheelIndex(
  folder: string,
  index: WheelIndex,
  { tree, record }: { tree: string; record: string },
): void {
  writeFileSync(join(folder, 'record'), record, { mode: 0o444 });
  const body = `${JSON.stringify({ format, recordDigest: hash('sha256', record), ...index })}\n${tree}`;
  writeFileSync(join(folder, 'index'), `${hash('sha256', body)}\n${body}`, { mode: 0o444 });
}

/**
 * What is written down in a wheel's folder; undefined if nothing is, or if it is damaged. It counts as used now.
 * Our own files, sealed by their digest: no schema has to look at them again.
 */
export function readWheelIndex(folder: string): UnpackedWheel | undefined {
  const text = readUsed(join(folder, 'index'));
  if (text === undefined || hash('sha256', text.subarray(65)) !== text.toString('latin1', 0, 64)) return undefined;
  const end = text.indexOf(10, 65);
  const { format: found, ...index } = JSON.parse(text.toString('utf8', 65, end)) as WheelIndex & {
    format: number;
    recordDigest: string;
  };
  if (found !== format) return undefined;
  const recordFile = join(folder, 'record');
  const record = readOrUndefined(recordFile);
  if (record === undefined || hash('sha256', record) !== index.recordDigest) return undefined;
  return { ...index, folder: join(folder, 'files'), tree: text.toString('utf8', end + 1), record, recordFile };
}

/** Reads a file and sets its time, from which `gc` sees when the wheel was used last. */
function readUsed(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const now = Date.now();
    if (now - fstatSync(fd).mtimeMs > used) futimesSync(fd, now / 1000, now / 1000);
  } catch {
    // A store that belongs to somebody else can be used all the same.
  }
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readOrUndefined(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

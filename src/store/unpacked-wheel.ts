import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSealedIndex, writeSealedIndex } from './sealed-index.ts';

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

/** Writes `index` and `record` into a wheel's folder. Both are sealed by their digest. */
export function writeWheelIndex(
  folder: string,
  index: WheelIndex,
  { tree, record }: { tree: string; record: string },
): void {
  writeFileSync(join(folder, 'record'), record, { mode: 0o444 });
  writeSealedIndex(folder, { format, recordDigest: hash('sha256', record), ...index }, tree);
}

/** What is written down in a wheel's folder; undefined if nothing is, or if it is damaged. It counts as used now. */
export function readWheelIndex(folder: string): UnpackedWheel | undefined {
  const sealed = readSealedIndex(folder);
  if (sealed === undefined) return undefined;
  const { format: found, ...index } = sealed.head as WheelIndex & { format: number; recordDigest: string };
  if (found !== format) return undefined;
  const recordFile = join(folder, 'record');
  const record = readOrUndefined(recordFile);
  if (record === undefined || hash('sha256', record) !== index.recordDigest) return undefined;
  return { ...index, folder: join(folder, 'files'), tree: sealed.body, record, recordFile };
}

function readOrUndefined(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

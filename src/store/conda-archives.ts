import { join } from 'node:path';
import { statIfExists } from '../io/index.ts';
import { type CondaFiles, type CondaQuestion, readCondaFiles, readCondaInfo } from './conda/read-conda-files.ts';
import type { Store } from './store.ts';

/** The archives of conda packages, for those who look into them before they are unpacked. */
export interface CondaArchives {
  /** In bytes, of an archive that is in the store. */
  sizeOf(sha256: string): Promise<number | undefined>;
  /** Takes a file into the store. */
  keep(file: string): Promise<{ sha256: string; size: number }>;
  /** Files of a package in the store, whose archive goes if it is refused. @throws AppError as `Store.readConda`. */
  readKept(sha256: string, question: CondaQuestion): Promise<CondaFiles>;
  /** Files of a package that is not in the store (yet). @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_PACKAGE. */
  read(file: string, question: CondaQuestion): Promise<CondaFiles>;
  /** The same of its `info` part alone, in memory. */
  readInfo(bytes: Buffer, question: CondaQuestion): Promise<CondaFiles>;
}

export function openCondaArchives(store: Store): CondaArchives {
  return {
    sizeOf: async (sha256) => (await statIfExists(store.archivePath(sha256)))?.size,
    keep: async (file) => await store.addArchive(file),
    readKept: async (sha256, question) => await store.readConda(sha256, question),
    read: async (file, question) => await readCondaFiles(file, question, join(store.root, 'tmp')),
    readInfo: readCondaInfo,
  };
}

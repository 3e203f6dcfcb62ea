import { AppError, type ErrorCode, isAppError } from '../../errors/index.ts';

/** What somebody wants to see of a package before it is unpacked. */
export interface ArchiveQuestion {
  /** The package's. */
  filename: string;
  /** Paths in it, the best one first: once that is found, nothing more is read. */
  wanted: readonly string[];
  signal?: AbortSignal;
}

/** By path, what there is of what was wanted. */
export type ArchiveFiles = ReadonlyMap<string, Buffer>;

/** Archives on this machine: the store's, as far as channels use it. What is read is refused where unpacking would refuse it. */
export interface Archives {
  /** In bytes, of an archive that is in the store. */
  sizeOf: (sha256: string) => Promise<number | undefined>;
  /** Takes a file into the store. */
  keep: (file: string) => Promise<{ sha256: string; size: number }>;
  /** Of an archive in the store, which goes if it is refused. */
  readKept: (sha256: string, question: ArchiveQuestion) => Promise<ArchiveFiles>;
  /** Of a file that is not in the store (yet). */
  read: (file: string, question: ArchiveQuestion) => Promise<ArchiveFiles>;
  /** Of the `info` part of a `.conda` file. */
  readInfo: (bytes: Buffer, question: ArchiveQuestion) => Promise<ArchiveFiles>;
}

/** A package that cannot be read, with the channel that has it. */
export function badArchive({ filename, channel }: { filename: string; channel: string }, error: unknown): unknown {
  if (isAppError(error) && !refusals.has(error.code)) return error;
  const why = error instanceof Error ? error.message : String(error);
  const code = isAppError(error) ? error.code : 'CORRUPT_ARCHIVE';
  return new AppError(code, `\`${filename}\` of the channel \`${channel}\` cannot be read: ${why}`, {
    hint: 'Nothing of it was kept. Tell those who run the channel, or take the package from another one.',
    cause: error,
  });
}

const refusals = new Set<ErrorCode>(['CORRUPT_ARCHIVE', 'HOSTILE_ARCHIVE', 'INVALID_PACKAGE']);

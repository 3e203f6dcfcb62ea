import { closeSync, fstatSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createTemporaryFolder, removeTree, withFsErrors } from '../../io/index.ts';
import { hostile, showName } from '../archive-error.ts';
import { createTarReader, type TarSink } from '../tar/tar-reader.ts';
import { type CompressedPart, partOfFile } from './compressed-part.ts';
import { openCondaParts } from './conda-parts.ts';
import { inflateBzip2 } from './decompress-bzip2.ts';
import { inflateZstd } from './decompress-zstd.ts';
import { invalidPackage } from './invalid-package.ts';
import { isInfo, readWhole, withoutDot } from './package-tree.ts';

/** Which files of a conda package somebody wants to see before it is unpacked. */
export interface CondaQuestion {
  /** Of the package, as its channel has it. */
  filename: string;
  /** Paths in it, the best one first: once that is found, nothing more is read. */
  wanted: readonly string[];
  signal?: AbortSignal;
}

/** By path, what there is of what was wanted. */
export type CondaFiles = ReadonlyMap<string, Buffer>;

type Inflate = (part: CompressedPart, take: (chunk: Buffer) => void) => Iterable<void> | AsyncIterable<void>;

/** A file that has no limit of its own. */
const largest = 16 << 20;

/**
 * Files of an archive that is not unpacked, under the limits that hold for unpacking; it takes breaths, and stops as soon as it has what it looks for.
 * What has to be put down meanwhile is put into `temporary`.
 * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_PACKAGE; the signal's reason.
 */
export async function readCondaFiles(archive: string, question: CondaQuestion, temporary: string): Promise<CondaFiles> {
  const { filename } = question;
  const fd = await withFsErrors(`read \`${archive}\``, () => Promise.resolve(openSync(archive, 'r')));
  try {
    if (filename.endsWith('.conda')) return await readParts(fd, question, temporary);
    if (!filename.endsWith('.tar.bz2'))
      throw invalidPackage(filename, 'its name ends neither in `.conda` nor in `.tar.bz2`');
    const part = partOfFile(fd, 0, { size: fstatSync(fd).size, label: filename, name: filename });
    return await searchPart(part, inflateBzip2, question);
  } finally {
    closeSync(fd);
  }
}

/** The same of the `info` part of a `.conda` file, where only that is here. */
export async function readCondaInfo(bytes: Buffer, question: CondaQuestion): Promise<CondaFiles> {
  const { filename } = question;
  const read = (at: number, buffer: Buffer): Buffer => {
    bytes.copy(buffer, 0, at);
    return buffer;
  };
  const part = { read, size: bytes.length, label: filename, name: 'its info part' };
  return await searchPart(part, inflateZstd, question);
}

async function readParts(fd: number, question: CondaQuestion, temporary: string): Promise<CondaFiles> {
  const folder = await createTemporaryFolder(temporary, 'look-');
  try {
    const parts = await openCondaParts(fd, question.filename, folder);
    try {
      return await searchPart(question.wanted.every(isInfo) ? parts.info : parts.pkg, inflateZstd, question);
    } finally {
      parts.close();
    }
  } finally {
    await removeTree(folder);
  }
}

async function searchPart(
  part: CompressedPart,
  inflate: Inflate,
  { wanted, signal }: CondaQuestion,
): Promise<CondaFiles> {
  const search = createSearch(part.label, wanted);
  const reader = createTarReader(part.label, search.sink);
  for await (const _pause of inflate(part, reader.push)) {
    if (search.isOver()) return search.found;
    // Decoders that work in this thread leave it to others for a moment: to whoever hears the user's Ctrl-C, for one.
    await setImmediate();
    signal?.throwIfAborted();
  }
  reader.finish();
  return search.found;
}

interface Search {
  sink: TarSink;
  found: CondaFiles;
  isOver(): boolean;
}

function createSearch(label: string, wanted: readonly string[]): Search {
  const found = new Map<string, Buffer>();
  let open: { path: string; chunks: Buffer[] } | undefined;
  return {
    found,
    isOver: () => wanted[0] !== undefined && found.has(wanted[0]),
    sink: {
      begin: ({ path: written, kind, size }) => {
        const path = withoutDot(written);
        open = undefined;
        if (kind !== 'file' || !wanted.includes(path)) return;
        if (size > (readWhole.get(path) ?? largest)) throw hostile(label, `${showName(path)} has ${size} bytes`);
        open = { path, chunks: [] };
      },
      write: (chunk) => {
        open?.chunks.push(Buffer.from(chunk));
      },
      end: () => {
        if (open !== undefined) found.set(open.path, Buffer.concat(open.chunks));
        open = undefined;
      },
    },
  };
}

import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { deflateRuns } from '../gzip/deflate-runs.ts';
import { gzipHeader, gzipTrailer } from '../gzip/gzip-frame.ts';
import { endOfTar, paddingOf, type TarEntry, tarHeader } from '../tar/tar-header.ts';

/** What a layer is as a blob. */
export interface LayerFacts {
  /** Of the compressed bytes; lower-case hex. */
  digest: string;
  /** Of the tar archive; lower-case hex. */
  diffId: string;
  /** Compressed bytes. */
  size: number;
}

/**
 * Writes a layer: a tar archive as a row of gzip members, hashed twice on the way. Contents that come deflated go in as they are, each as a gzip
 * member of its own; what lies between them is framed by `pack`.
 */
export interface LayerWriter {
  /** A header; the folders above it come by themselves, once. What a file has follows, exactly of the declared size. */
  begin(entry: TarEntry): void;
  /** Content that is not compressed yet. */
  plain(bytes: Uint8Array): void;
  /** Content that is a deflate stream. Both come in pieces, the compressed ones and what they inflate to; neither is held. */
  deflated: {
    begin(): void;
    compressed(bytes: Uint8Array): void;
    content(bytes: Uint8Array): void;
    end(crc32: number): void;
  };
  /** Fills the file's last block. */
  end(): void;
  /** Waits until little (or nothing) is left that is being packed. */
  settle(options?: { all: boolean }): Promise<void>;
  finish(): Promise<LayerFacts>;
}

/** So many bytes of framing become one gzip member at most. */
const frameSize = 1 << 20;
const bufferSize = 1 << 18;

/** Frames that may be packed at the same time. */
const packedAtOnce = 6;

/** Makes a deflate stream, the same for the same input. */
export type Pack = (input: Buffer) => Buffer | Promise<Buffer>;

export function createLayerWriter(fd: number, pack: Pack = deflateRuns): LayerWriter {
  const output = createHashedBuffer((bytes) => writeAll(fd, bytes));
  const archive = createHashedBuffer(() => undefined);
  const folders = new Set<string>();
  let frame: Buffer[] = [];
  let framed = 0;
  let left = 0;
  let padding = 0;
  let inflated = 0;

  /** What has to be written behind what is still being packed. */
  const queue: (Uint8Array | Promise<Uint8Array>)[] = [];
  const write = (bytes: Uint8Array): void => {
    if (queue.length === 0) output.add(bytes);
    else queue.push(Buffer.from(bytes));
  };
  const drain = async (until: number): Promise<void> => {
    while (queue.length > until) {
      const next = await (queue[0] as Uint8Array | Promise<Uint8Array>);
      void queue.shift();
      output.add(next);
    }
  };
  const flushFrame = (): void => {
    if (framed === 0) return;
    const bytes = Buffer.concat(frame, framed);
    const trailer = gzipTrailer(crc32(bytes), framed);
    const packed = pack(bytes);
    if (packed instanceof Promise) {
      const whole = packed.then((body) => Buffer.concat([gzipHeader, body, trailer]));
      // It is awaited in its turn.
      whole.catch(() => undefined);
      queue.push(whole);
    } else for (const part of [gzipHeader, packed, trailer]) write(part);
    frame = [];
    framed = 0;
  };
  /** The bytes may change when this returns. */
  const addFrame = (bytes: Uint8Array): void => {
    archive.add(bytes);
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + frameSize - framed);
      frame.push(Buffer.from(piece));
      framed += piece.length;
      at += piece.length;
      if (framed === frameSize) flushFrame();
    }
  };
  const count = (bytes: Uint8Array): void => {
    left -= bytes.length;
    if (left < 0) throw new Error('a file of a layer is longer than its header says');
  };
  const begin = (entry: TarEntry): void => {
    for (const folder of foldersAbove(entry.path)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      addFrame(tarHeader({ path: folder, kind: 'folder', mode: 0o755 }));
    }
    if (entry.kind === 'folder') {
      if (folders.has(entry.path)) return;
      folders.add(entry.path);
    }
    left = entry.kind === 'file' ? (entry.size ?? 0) : 0;
    padding = paddingOf(left);
    addFrame(tarHeader(entry));
  };

  return {
    begin,
    plain: (bytes) => {
      count(bytes);
      addFrame(bytes);
    },
    deflated: {
      begin: () => {
        flushFrame();
        inflated = 0;
        write(gzipHeader);
      },
      compressed: write,
      content: (bytes) => {
        count(bytes);
        inflated += bytes.length;
        archive.add(bytes);
      },
      end: (checksum) => write(gzipTrailer(checksum, inflated)),
    },
    end: () => {
      if (left !== 0) throw new Error('a file of a layer is shorter than its header says');
      addFrame(endOfTar.subarray(0, padding));
      padding = 0;
    },
    settle: async ({ all } = { all: false }) => await drain(all ? 0 : packedAtOnce),
    finish: async () => {
      addFrame(endOfTar);
      flushFrame();
      await drain(0);
      return { ...output.finish(), diffId: archive.finish().digest };
    },
  };
}

/** From the top, without the path itself. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
}

interface HashedBuffer {
  add(bytes: Uint8Array): void;
  finish(): { digest: string; size: number };
}

/** Small pieces are collected: a call for each would take longer than what it does. */
function createHashedBuffer(write: (bytes: Uint8Array) => void): HashedBuffer {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(bufferSize);
  let filled = 0;
  let size = 0;
  const flush = (): void => {
    const bytes = buffer.subarray(0, filled);
    hash.update(bytes);
    write(bytes);
    filled = 0;
  };
  return {
    add: (bytes) => {
      size += bytes.length;
      if (filled + bytes.length > bufferSize) flush();
      if (bytes.length >= bufferSize) {
        hash.update(bytes);
        write(bytes);
        return;
      }
      buffer.set(bytes, filled);
      filled += bytes.length;
    },
    finish: () => {
      flush();
      return { digest: hash.digest('hex'), size };
    },
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import { AppError } from '../errors/index.ts';
import { ensureFolder, fsErrorToAppError } from './files.ts';

export interface TarOutput {
  add(name: string, content: Buffer): Promise<void>;
  /** A file, folder or link as it stands at a path; what is none of these, or gone, is left out. A folder's content is not added. */
  addPath(name: string, path: string): Promise<TarMember['kind'] | undefined>;
  /** SHA-256 of all names and contents so far. */
  digest(): string;
}

export interface TarMember {
  name: string;
  kind: 'file' | 'folder' | 'link';
  mode: number;
  /** A link's. */
  target: string;
  /** SHA-256 of all names and contents before this one. */
  digestBefore: string;
}

const pieceSize = 1 << 20;

/** Writes a tar file that appears when it is whole. Only its owner may read it. */
export async function writeTarFile(path: string, write: (output: TarOutput) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${process.pid}-${Date.now().toString(36)}.partial`);
  const archive = pack();
  const hash = createHash('sha256');
  const begin = (header: { name: string; type?: 'directory' | 'symlink'; linkname?: string }): void => {
    hash.update(`\n${header.name}\n${header.type ?? ''}\n${header.linkname ?? ''}\n`);
  };
  /** A member, with what comes of its content. */
  const entry = async (
    header: { name: string; size: number; mode: number },
    content: AsyncIterable<Buffer>,
  ): Promise<void> => {
    begin(header);
    const done = Promise.withResolvers<void>();
    const sink = archive.entry(header, (error) => (error ? done.reject(error) : done.resolve())) as unknown as Writable;
    for await (const piece of content) {
      hash.update(piece);
      if (!sink.write(piece)) await Promise.race([once(sink, 'drain'), written]);
    }
    sink.end();
    await Promise.race([done.promise, written]);
  };
  await ensureFolder(dirname(path));
  const file = createWriteStream(temporary, { mode: 0o600, flags: 'wx' });
  const written = pipeline(archive as unknown as NodeJS.ReadableStream, file);
  written.catch(() => undefined);
  try {
    await write({
      digest: () => hash.copy().digest('hex'),
      add: async (name, content) => await entry({ name, size: content.length, mode: 0o644 }, whole(content)),
      addPath: async (name, source) => {
        const stats = await fs.lstat(source).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
          throw error;
        });
        if (stats === undefined) return undefined;
        const mode = stats.mode & 0o777;
        if (stats.isSymbolicLink()) {
          const header = { name, type: 'symlink' as const, linkname: await fs.readlink(source) };
          begin(header);
          archive.entry(header);
          return 'link';
        }
        if (stats.isDirectory()) {
          begin({ name, type: 'directory' });
          archive.entry({ name, type: 'directory', mode });
          return 'folder';
        }
        if (!stats.isFile()) return undefined;
        // A file that grows meanwhile is copied as far as it was.
        const content =
          stats.size === 0
            ? whole(Buffer.alloc(0))
            : createReadStream(source, { end: stats.size - 1, highWaterMark: pieceSize });
        await entry({ name, size: stats.size, mode }, content);
        return 'file';
      },
    });
    archive.finalize();
    await written;
    await fs.rename(temporary, path);
  } catch (error) {
    archive.destroy(new Error('given up'));
    await fs.rm(temporary, { force: true });
    throw fsErrorToAppError(error, `write \`${path}\``);
  }
}

async function* whole(content: Buffer): AsyncIterable<Buffer> {
  yield await Promise.resolve(content);
}

/** Reads a tar file from beginning to end, a member at a time. Devices and the like are passed over. */
export async function readTarFile(
  path: string,
  take: (member: TarMember, content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const archive = extract();
  const hash = createHash('sha256');
  const source = createReadStream(path, { highWaterMark: pieceSize });
  const reading = pipeline(source, archive as unknown as NodeJS.WritableStream);
  reading.catch(() => undefined);
  const hashed = async function* (content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  };
  try {
    for await (const entry of archive) {
      const { name, type, mode, linkname } = entry.header;
      const kind = type === 'directory' ? 'folder' : type === 'symlink' ? 'link' : type === 'file' ? 'file' : undefined;
      const digestBefore = hash.copy().digest('hex');
      hash.update(`\n${name}\n${kind === 'file' ? '' : type}\n${linkname ?? ''}\n`);
      const content = hashed(entry as unknown as AsyncIterable<Buffer>);
      if (kind !== undefined) await take({ name, kind, mode, target: linkname ?? '', digestBefore }, content);
      for await (const _ of content) continue;
    }
    await reading;
  } catch (error) {
    source.destroy();
    throw isTarError(error)
      ? new AppError('CORRUPT_ARCHIVE', `\`${path}\` cannot be read to its end: ${(error as Error).message}`, {
          hint: 'It is damaged, or only a part of what it was. Take another copy.',
        })
      : fsErrorToAppError(error, `read \`${path}\``);
  }
}

/** What the reader of the format says of it. */
function isTarError(error: unknown): boolean {
  return error instanceof Error && /^(?:Unexpected end of data|Invalid tar header)/.test(error.message);
}

/** Content that comes in pieces, into a file that is not there yet. */
export async function writeContent(path: string, content: AsyncIterable<Buffer>, mode: number): Promise<void> {
  await ensureFolder(dirname(path));
  try {
    await pipeline(content, createWriteStream(path, { flags: 'wx', mode }));
  } catch (error) {
    throw fsErrorToAppError(error, `write \`${path}\``);
  }
}

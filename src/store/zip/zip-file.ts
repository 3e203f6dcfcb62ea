import { readSync } from 'node:fs';
import { corrupt } from '../archive-error.ts';

/** An open zip file. */
export interface ZipFile {
  fd: number;
  size: number;
  /** For messages. */
  label: string;
  /** So many bytes from there, in a buffer of their own. */
  read(offset: number, length: number): Buffer;
}

export function openZipFile(fd: number, size: number, label: string): ZipFile {
  return {
    fd,
    size,
    label,
    read: (offset, length) =>
      readExactly({ fd, size, label }, offset, Buffer.allocUnsafe(checkedLength(length, size, label))),
  };
}

/** Fills the buffer. @throws AppError CORRUPT_ARCHIVE if the file ends before. */
export function readExactly(
  { fd, size, label }: Pick<ZipFile, 'fd' | 'size' | 'label'>,
  offset: number,
  buffer: Buffer,
): Buffer {
  if (offset < 0 || offset + buffer.length > size) throw corrupt(label, 'it is cut off');
  for (let done = 0; done < buffer.length; ) {
    const count = readSync(fd, buffer, done, buffer.length - done, offset + done);
    if (count === 0) throw corrupt(label, 'it is cut off');
    done += count;
  }
  return buffer;
}

/** Nobody makes us reserve more memory than the file has bytes. */
function checkedLength(length: number, size: number, label: string): number {
  if (length < 0 || length > size) throw corrupt(label, 'it is cut off');
  return length;
}

import { createHash, hash as hashOnce } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const buffer = Buffer.allocUnsafe(1 << 20);

/**
 * What is wrong with a file that should have this content; undefined if nothing is. Synchronous: most files are small, and there are many; callers
 * take a breath between them.
 */
export function compareFile(path: string, digest: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is missing' : 'it cannot be read';
  }
  try {
    return fstatSync(fd).isFile() ? (digestOf(fd) === digest ? undefined : 'it was changed') : 'it is no file any more';
  } catch {
    return 'it cannot be read';
  } finally {
    closeSync(fd);
  }
}

function digestOf(fd: number): string {
  const first = readSync(fd, buffer);
  if (first < buffer.length) return hashOnce('sha256', buffer.subarray(0, first));
  const hash = createHash('sha256').update(buffer);
  for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer))
    hash.update(buffer.subarray(0, count));
  return hash.digest('hex');
}

import { hash } from 'node:crypto';
import { closeSync, fstatSync, futimesSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const used = 3_600_000;

/** Writes the index of something unpacked, sealed by its digest: a first line that says what it is, and a body. */
export function writeSealedIndex(folder: string, head: object, body = ''): void {
  const text = `${JSON.stringify(head)}\n${body}`;
  writeFileSync(join(folder, 'index'), `${hash('sha256', text)}\n${text}`, { mode: 0o444 });
}

/**
 * What `writeSealedIndex` wrote; undefined if nothing is there, or if it is damaged. It counts as used now, which is what `gc` goes by.
 * Our own file, sealed by its digest: no schema has to look at it again.
 */
export function readSealedIndex(folder: string): { head: unknown; body: string } | undefined {
  const text = readUsed(join(folder, 'index'));
  if (text === undefined || hash('sha256', text.subarray(65)) !== text.toString('latin1', 0, 64)) return undefined;
  const end = text.indexOf(10, 65);
  return { head: JSON.parse(text.toString('utf8', 65, end)), body: text.toString('utf8', end + 1) };
}

/** Reads a file and sets its time. */
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

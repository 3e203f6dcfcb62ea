import { isUtf8 } from 'node:buffer';
import { corrupt, hostile } from '../archive-error.ts';

/** What an extended header may change of the member behind it. */
export interface PaxChanges {
  path?: string;
  target?: string;
  size?: number;
  /** Seconds since 1970, with fractions. */
  time?: number;
}

/**
 * Reads an extended header (POSIX.1-2001 "pax"): lines of `length key=value`. Owners, other times and what vendors keep are passed over. A sparse file
 * would be another one to readers that do not know of it, so its keys are refused.
 * @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE.
 */
export function readPaxRecords(body: Buffer, label: string): PaxChanges {
  const changes: PaxChanges = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(/^[1-9]\d{0,9}$/.exec(body.toString('latin1', at, Math.max(at, space)))?.[0]);
    const end = at + length;
    if (!(end <= body.length) || end <= space || body[end - 1] !== 0x0a)
      throw corrupt(label, 'an extended header of its tar is damaged');
    const equals = body.indexOf(0x3d, space);
    if (equals === -1 || equals >= end) throw corrupt(label, 'an extended header of its tar is damaged');
    apply(changes, body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1), label);
    at = end;
  }
  return changes;
}

function apply(changes: PaxChanges, key: string, value: Buffer, label: string): void {
  switch (key) {
    case 'path':
      changes.path = readName(value, label);
      return;
    case 'linkpath':
      changes.target = readName(value, label);
      return;
    case 'size':
      if (!/^\d{1,15}$/.test(value.toString('latin1')))
        throw corrupt(label, 'an extended header of its tar is damaged');
      changes.size = Number(value.toString('latin1'));
      return;
    case 'mtime': {
      const time = Number(value.toString('latin1'));
      if (Number.isFinite(time)) changes.time = time;
      return;
    }
    case 'hdrcharset':
      if (value.toString('latin1') !== 'ISO-IR 10646 2000 UTF-8')
        throw hostile(label, 'its tar has names that are not UTF-8');
      return;
    default:
      if (key.startsWith('GNU.sparse.')) throw hostile(label, 'it has a sparse member');
  }
}

function readName(value: Buffer, label: string): string {
  if (!isUtf8(value)) throw hostile(label, 'it has a member whose name is not UTF-8');
  return value.toString('utf8');
}

import * as z from 'zod';
import { AppError } from '../errors/index.ts';
import { canonicalJson } from '../schema/index.ts';
import type { SnapshotEntry } from './snapshot-entry.ts';

/** `[path, type, executable, SHA-256 of the content or the link's target]`, as in the digests of build contexts. */
const Line = z.union([
  z.tuple([z.string().min(1), z.literal('file'), z.boolean(), z.string().regex(/^[0-9a-f]{64}$/)]),
  z.tuple([z.string().min(1), z.literal('link'), z.literal(false), z.string().min(1)]),
]);

/** The canonical text of a snapshot; its SHA-256 is the snapshot's digest. */
export function snapshotManifest(entries: readonly SnapshotEntry[]): string {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  return canonicalJson(
    sorted.map((entry) =>
      entry.type === 'file'
        ? [entry.path, entry.type, entry.executable, entry.digest]
        : [entry.path, entry.type, false, entry.target],
    ),
  );
}

/** The entries of a manifest; sizes are not in it and come out as 0. @throws AppError CORRUPT_STORE. */
export function parseManifest(text: string): SnapshotEntry[] {
  const result = z.array(Line).safeParse(parseJson(text));
  if (!result.success)
    throw new AppError('CORRUPT_STORE', 'the manifest of a snapshot is damaged', { cause: result.error });
  return result.data.map(
    (line): SnapshotEntry =>
      line[1] === 'file'
        ? { type: 'file', path: line[0], executable: line[2], digest: line[3], size: 0 }
        : { type: 'link', path: line[0], target: line[3] },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

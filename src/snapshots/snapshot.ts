import { z } from 'zod';
import { canonicalJson, sha256 } from '../schema/index.ts';

export const SnapshotEntry = z.object({
  path: z.string(),
  type: z.enum(['file', 'link']),
  executable: z.boolean(),
  size: z.number(),
  /** SHA-256 of a file's content. */
  digest: z.string(),
  /** Where a link points. */
  target: z.string().optional(),
});
export type SnapshotEntry = z.infer<typeof SnapshotEntry>;

/** What a run's folder held; kept as JSON under its own digest. */
export const Snapshot = z.object({ format: z.literal(1), entries: z.array(SnapshotEntry) });
export type Snapshot = z.infer<typeof Snapshot>;

/** SHA-256 over sorted (path, type, executable bit, content or link target). */
export function snapshotDigest(entries: readonly SnapshotEntry[]): string {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sha256(
    canonicalJson(
      sorted.map(({ path, type, executable, digest, target }) => [
        path,
        type,
        executable,
        type === 'link' ? (target ?? '') : digest,
      ]),
    ),
  );
}

import { AppError } from '../errors/index.ts';
import { sha256 } from '../schema/index.ts';
import type { GcOptions, Keep } from './folder-contents.ts';
import { inBatches } from './in-batches.ts';
import type { Connection } from './transaction.ts';

export interface ContentRow {
  digest: string;
  size: number;
  /** Of one that is in the database itself. */
  bytes: Uint8Array | null;
  /** What whoever has the bytes calls it. */
  place: string | null;
}

/** The contents that the database has, and those of which it knows who has them. */
export interface ContentRows {
  /** Many at once go in together. What is there is marked as asked for. */
  add(row: ContentRow): Promise<void>;
  find(digest: string): Promise<ContentRow | undefined>;
  /** Marks it as asked for, so that `gc` spares it until it is registered. */
  size(digest: string): Promise<number | undefined>;
  /** Those whose bytes are no more what their digest says. */
  verify(options: { signal?: AbortSignal }): Promise<{ checked: number; damaged: { path: string; reason: string }[] }>;
  /** Removes what `keep` does not name and nobody asked for lately. Tells the places of those that are elsewhere. */
  gc(keep: Keep, options: GcOptions): Promise<{ removed: number; bytes: number; places: string[] }>;
}

const day = 24 * 60 * 60_000;
const pageSize = 500;

export function createContentRows(database: Connection): ContentRows {
  const before = (age: number): string => new Date(Date.now() - age).toISOString();
  const find: ContentRows['find'] = async (digest) =>
    await database
      .selectFrom('contents')
      .select(['digest', 'size', 'bytes', 'place'])
      .where('digest', '=', digest)
      .executeTakeFirst();
  const add = inBatches(async (rows: readonly ContentRow[]) => {
    const time = before(0);
    // Each once, and in one order: two who write the same in another order would wait for each other.
    const each = [...new Map(rows.map((row) => [row.digest, row])).values()];
    each.sort((one, other) => (one.digest < other.digest ? -1 : 1));
    await database
      .insertInto('contents')
      .values(each.map((row) => ({ ...row, touched_at: time })))
      .onConflict((conflict) =>
        conflict
          .column('digest')
          .doUpdateSet({ touched_at: time })
          .where('contents.touched_at', '<', before(day / 2)),
      )
      .execute();
    return rows.map(() => undefined);
  });
  /** Pages of rows, by digest. */
  async function* pages(before: string, signal?: AbortSignal) {
    for (let after = ''; ; ) {
      signal?.throwIfAborted();
      const page = await database
        .selectFrom('contents')
        .select(['digest', 'size', 'place'])
        .where('touched_at', '<', before)
        .where('digest', '>', after)
        .orderBy('digest')
        .limit(pageSize)
        .execute();
      yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)?.digest ?? '';
    }
  }
  return {
    add,
    find,
    size: async (digest) => {
      const query = database.selectFrom('contents').select(['size', 'touched_at']).where('digest', '=', digest);
      const row = await query.executeTakeFirst();
      if (row === undefined || row.touched_at >= before(day / 2)) return row?.size;
      // Garbage collection may have it in hand: then it is gone, and comes in anew.
      const touch = database
        .updateTable('contents')
        .set({ touched_at: before(0) })
        .where('digest', '=', digest);
      return (await touch.executeTakeFirst()).numUpdatedRows === 0n ? undefined : row.size;
    },
    verify: async ({ signal }) => {
      const result = { checked: 0, damaged: [] as { path: string; reason: string }[] };
      for await (const page of pages(before(-day), signal))
        for (const { digest } of page) {
          const row = await find(digest);
          if (row === undefined || row.bytes === null) continue;
          result.checked += 1;
          if (isDamaged(row))
            result.damaged.push({ path: shownRow(digest), reason: 'the content is not what its digest says' });
        }
      return result;
    },
    gc: async (keep, { minimumAge = day, dryRun = false, signal }) => {
      const result = { removed: 0, bytes: 0, places: [] as string[] };
      const limit = before(minimumAge);
      for await (const page of pages(limit, signal)) {
        const loose = page.filter(({ digest }) => !keep.has(digest));
        if (loose.length === 0) continue;
        const digests = loose.map(({ digest }) => digest);
        const removed = dryRun
          ? loose
          : await database
              .deleteFrom('contents')
              .where('digest', 'in', digests)
              .where('touched_at', '<', limit)
              .returning(['size', 'place'])
              .execute();
        result.removed += removed.length;
        result.bytes += removed.reduce((sum, { size }) => sum + size, 0);
        result.places.push(...removed.flatMap(({ place }) => place ?? []));
      }
      return result;
    },
  };
}

/** The bytes of a row that has them. @throws AppError CORRUPT_STORE. */
export function bytesOf(row: ContentRow & { bytes: Uint8Array }): Buffer {
  if (!isDamaged(row)) return Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength);
  throw new AppError('CORRUPT_STORE', `${shownRow(row.digest)} was changed: it is not what its digest says`, {
    hint: 'Restore the database from a backup.',
  });
}

function isDamaged({ digest, bytes }: ContentRow): boolean {
  return bytes !== null && sha256(bytes) !== digest;
}

function shownRow(digest: string): string {
  return `the content ${digest} in the workspace’s database`;
}

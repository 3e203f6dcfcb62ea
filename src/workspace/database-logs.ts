import { sql } from 'kysely';
import { AppError } from '../errors/index.ts';
import { createLogWriter } from './log-writer.ts';
import type { LogName, LogStore } from './logs.ts';
import type { Connection } from './transaction.ts';

/** Logs as pieces in the database, for readers on any machine. */
export function createDatabaseLogs(database: Connection): LogStore {
  return {
    open: async (name, { fresh = false, stop } = {}) => {
      const log = keyOf(name);
      if (fresh) await database.deleteFrom('log_pieces').where('log', '=', log).execute();
      return createLogWriter(appendTo(database, log, await claimEnd(database, log)), { stop });
    },
    read: async (name, { from, limit }) => {
      const log = keyOf(name);
      const { size } = await endOf(database, log);
      const end = Math.min(size, from + limit);
      if (from >= end) return { bytes: Buffer.alloc(0), size };
      return { bytes: await readPieces(database, log, { from, end }), size };
    },
  };
}

function keyOf({ kind, id }: LogName): string {
  return `${kind}/${id}`;
}

async function readPieces(
  database: Connection,
  log: string,
  { from, end }: { from: number; end: number },
): Promise<Buffer> {
  const first = database
    .selectFrom('log_pieces')
    .select(({ fn }) => fn.max('at').as('at'))
    .where('log', '=', log)
    .where('at', '<=', from);
  const pieces = await database
    .selectFrom('log_pieces')
    .select(['at', 'bytes'])
    .where('log', '=', log)
    .where('at', '>=', first)
    .where('at', '<', end)
    .orderBy('at')
    .execute();
  return Buffer.concat(pieces.map(({ at, bytes }) => bytes.subarray(Math.max(0, from - at), Math.max(0, end - at))));
}

/** How long a log is, and whether its last piece is an empty one. */
async function endOf(database: Connection, log: string): Promise<{ size: number; isClaimed: boolean }> {
  const last = await database
    .selectFrom('log_pieces')
    .select(['at', sql<number>`length(bytes)`.as('length')])
    .where('log', '=', log)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last === undefined
    ? { size: 0, isClaimed: false }
    : { size: last.at + last.length, isClaimed: last.length === 0 };
}

/** An empty piece takes the place of the next one: whoever wrote until now, and is not dead after all, finds it taken. Answers where it is. */
async function claimEnd(database: Connection, log: string): Promise<number> {
  for (;;) {
    const { size, isClaimed } = await endOf(database, log);
    if (isClaimed || (await insert(database, { log, at: size, bytes: Buffer.alloc(0) }))) return size;
  }
}

/** Writes piece after piece, the first in the place that was claimed. */
function appendTo(database: Connection, log: string, claimed: number): (bytes: Buffer) => Promise<void> {
  let at = claimed;
  return async (bytes) => {
    const piece = { log, at, bytes };
    const isOurs =
      (at === claimed ? await replaceEmpty(database, piece) : await insert(database, piece)) ||
      (await isThere(database, piece));
    if (!isOurs) throw new AppError('BUSY', `somebody else goes on with the log ${log}`);
    at += bytes.length;
  };
}

interface Piece {
  log: string;
  at: number;
  bytes: Buffer;
}

/** False if the place is taken. */
async function insert(database: Connection, piece: Piece): Promise<boolean> {
  const { numInsertedOrUpdatedRows: count = 0n } = await database
    .insertInto('log_pieces')
    .values(piece)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return count > 0n;
}

async function replaceEmpty(database: Connection, { log, at, bytes }: Piece): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('log_pieces')
    .set({ bytes })
    .where('log', '=', log)
    .where('at', '=', at)
    .where(sql`length(bytes)`, '=', 0)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** What a database took in just before it went away counts, though it could not say so. */
async function isThere(database: Connection, { log, at, bytes }: Piece): Promise<boolean> {
  const row = await database
    .selectFrom('log_pieces')
    .select('bytes')
    .where('log', '=', log)
    .where('at', '=', at)
    .executeTakeFirst();
  return row !== undefined && bytes.equals(row.bytes);
}

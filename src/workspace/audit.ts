import { type Selectable, sql } from 'kysely';
import * as z from 'zod';
import { now } from '../io/index.ts';
import { type AuditEntry, canonicalJson, sha256 } from '../schema/index.ts';
import { inBatches } from './in-batches.ts';
import { cursorNumber, inOrder, type Page, type TimedRequest, toPage } from './page.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';

/** What somebody did, as they know it themselves; time, place in the chain and hash come with the writing. */
export type AuditFacts = Pick<AuditEntry, 'user' | 'origin' | 'action' | 'subject' | 'outcome'>;

export interface AuditFilter {
  user?: string;
  action?: string;
  subject?: string;
  /** ISO 8601: not before. */
  since?: string;
}

export interface AuditCheck {
  entries: number;
  /** The hash of the last entry. Who notes it elsewhere can tell later that nobody wrote the whole chain anew. */
  head: string;
  /** The first entry that is not what it was, and why; undefined if all are. */
  broken: { number: number; reason: string } | undefined;
}

/** Who did what, when, from where: only ever added to. Each entry's hash is over its content and the hash before it. */
export interface AuditStore {
  /** Resolves when it is kept. Entries of one process keep their order; those that come together are written together. */
  append(facts: AuditFacts): Promise<void>;
  /** By time, the newest first. */
  list(request: TimedRequest & AuditFilter): Promise<Page<AuditEntry>>;
  /** Oldest first, from the entry after `after`. */
  read(after?: number): AsyncIterableIterator<AuditEntry>;
  /** Reads the whole chain. */
  verify(): Promise<AuditCheck>;
}

const Head = z.object({ number: z.number(), hash: z.string() });
type Head = z.infer<typeof Head>;

/** The fact of the workspace that says how long the chain is and where it ends. */
const headFact = 'audit';
const beginning: Head = { number: 0, hash: '0'.repeat(64) };
const pageSize = 500;

export function createAuditStore(database: Connection): AuditStore {
  const append = inBatches<AuditFacts, void>((batch) => write(database, batch));
  return {
    append,
    list: (request) => list(database, request),
    read: (after = 0) => read(database, after),
    verify: () => verify(database),
  };
}

async function write(database: Connection, batch: readonly AuditFacts[]): Promise<void[]> {
  // Whoever comes second waits for the row of the head and then sees what the first one made of it. PostgreSQL does so only in this isolation.
  await database
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      let head = await takeHead(transaction);
      const rows = batch.map((facts) => {
        const row = { number: head.number + 1, time: now(), ...facts };
        head = { number: row.number, hash: hashOf(row, head.hash) };
        return { ...row, hash: head.hash };
      });
      await transaction.insertInto('audit').values(rows).execute();
      const value = JSON.stringify(head);
      await transaction.updateTable('facts').set({ value }).where('name', '=', headFact).execute();
    });
  return batch.map(() => undefined);
}

/** The head, which nobody else can take until the transaction ends. */
async function takeHead(transaction: Connection): Promise<Head> {
  const first = { name: headFact, value: JSON.stringify(beginning) };
  const { value } = await transaction
    .insertInto('facts')
    .values(first)
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql.ref('facts.value') }))
    .returning('value')
    .executeTakeFirstOrThrow();
  return fromJson(Head, value, 'the audit trail');
}

function hashOf(entry: Omit<AuditEntry, 'hash'>, previous: string): string {
  const { number, time, user, origin, action, subject, outcome } = entry;
  return sha256(canonicalJson({ number, time, user, origin, action, subject, outcome, previous }));
}

async function list(
  database: Connection,
  { limit, cursor, sort, user, action, subject, since }: TimedRequest & AuditFilter,
): Promise<Page<AuditEntry>> {
  const { direction, beyond } = inOrder(sort);
  let query = database
    .selectFrom('audit')
    .selectAll()
    .orderBy('number', direction)
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('number', beyond, cursorNumber(cursor));
  if (user !== undefined) query = query.where('user', '=', user);
  if (action !== undefined) query = query.where('action', '=', action);
  if (subject !== undefined) query = query.where('subject', '=', subject);
  if (since !== undefined) query = query.where('time', '>=', since);
  return toPage(await query.execute(), limit, { keyOf: (row) => row.number, toItem: toEntry });
}

async function* read(database: Connection, after: number): AsyncIterableIterator<AuditEntry> {
  for (let last = after; ; ) {
    const query = database.selectFrom('audit').selectAll().where('number', '>', last).orderBy('number').limit(pageSize);
    const entries = (await query.execute()).map(toEntry);
    yield* entries;
    if (entries.length < pageSize) return;
    last = entries.at(-1)?.number ?? last;
  }
}

async function verify(database: Connection): Promise<AuditCheck> {
  // The chain may grow while it is read: it has to hold what was promised before, and nothing that is not promised after.
  const before = await readHead(database);
  let head = beginning;
  const broken = (reason: string): AuditCheck => ({
    entries: head.number,
    head: head.hash,
    broken: { number: head.number + 1, reason },
  });
  for await (const { hash, ...entry } of read(database, 0)) {
    if (entry.number !== head.number + 1) return broken(`it is missing: the next one is ${entry.number}`);
    if (hashOf(entry, head.hash) !== hash) return broken('its content is not what its hash says');
    head = { number: entry.number, hash };
    if (head.number === before.number && head.hash !== before.hash) return broken('what comes before was written anew');
  }
  if (head.number < before.number) return broken(`it is missing: there were ${before.number} entries`);
  const after = await readHead(database);
  if (head.number > after.number) return broken(`there should be ${after.number} entries, and there are more`);
  return { entries: head.number, head: head.hash, broken: undefined };
}

async function readHead(database: Connection): Promise<Head> {
  const row = await database.selectFrom('facts').select('value').where('name', '=', headFact).executeTakeFirst();
  return row === undefined ? beginning : fromJson(Head, row.value, 'the audit trail');
}

function toEntry(row: Selectable<Tables['audit']>): AuditEntry {
  const { number, time, user, origin, action, subject, outcome, hash } = row;
  return { number, time, user, origin, action, subject, outcome, hash };
}

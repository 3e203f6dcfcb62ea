import { randomUUID } from 'node:crypto';
import { now } from '../io/index.ts';
import { isLost, RunOwner, thisProcess } from './run-owner.ts';
import { fromJson } from './stored-json.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** The right to do one thing alone, in the whole workspace, for as long as its holder lives. */
export interface Lease {
  /** A sign of life, at least every ten seconds. False if the lease was lost: somebody else thought that this process was gone. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

export interface LeaseStore {
  /** The lease if it is free or its holder is gone; else the note of the holder. */
  take(name: string, note?: string): Promise<{ lease: Lease } | { heldBy: RunOwner; note: string | null }>;
}

/** Without a sign of life for so many milliseconds, a holder on another machine is gone. */
const patience = 45_000;

export function createLeaseStore(database: Connection): LeaseStore {
  return {
    take: async (name, note) =>
      await inTransaction(database, async (transaction) => await take(transaction, database, name, note)),
  };
}

async function take(
  transaction: Connection,
  database: Connection,
  name: string,
  note: string | undefined,
): Promise<{ lease: Lease } | { heldBy: RunOwner; note: string | null }> {
  const held = await transaction.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
  if (held !== undefined) {
    const owner = fromJson(RunOwner, held.owner, `the lease ${name}`);
    if (!isLost(owner, held.heartbeat_at, now(), patience)) return { heldBy: owner, note: held.note };
    await transaction.deleteFrom('leases').where('name', '=', name).execute();
  }
  const token = randomUUID();
  const row = { name, token, owner: JSON.stringify(thisProcess()), note: note ?? null, heartbeat_at: now() };
  await transaction.insertInto('leases').values(row).execute();
  return { lease: createLease(database, name, token) };
}

function createLease(database: Connection, name: string, token: string): Lease {
  return {
    renew: async () => {
      const change = database.updateTable('leases').set({ heartbeat_at: now() });
      const { numUpdatedRows } = await change.where('name', '=', name).where('token', '=', token).executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    release: async () => {
      await database.deleteFrom('leases').where('name', '=', name).where('token', '=', token).execute();
    },
  };
}

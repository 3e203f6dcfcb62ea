import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { now } from '../io/index.ts';
import { isDatabaseAway } from './postgres-errors.ts';
import { isLost, RunOwner, thisProcess } from './run-owner.ts';
import { fromJson } from './stored-json.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** The right to do one thing alone, in the whole workspace, for as long as its holder lives. */
export interface Lease {
  /** A sign of life, at least every ten seconds. False if the lease was lost: somebody else thought that this process was gone. */
  renew(): Promise<boolean>;
  /** If the database is away, as soon as it is back. */
  release(): Promise<void>;
}

export interface LeaseStore {
  /** The lease if it is free or its holder is gone; else who holds it. */
  take(name: string): Promise<{ lease: Lease } | { heldBy: RunOwner }>;
}

/** Without a sign of life for so many milliseconds, a holder on another machine is gone. */
const patience = 45_000;
/** Milliseconds between two tries to give a lease back to a database that is away, and how many there are: half an hour. */
const pause = 1000;
const mostTries = 1800;

export function createLeaseStore(database: Connection): LeaseStore {
  return {
    take: async (name) => {
      const token = randomUUID();
      ours.add(token);
      const answer = await inTransaction(
        database,
        async (transaction) => await take(transaction, { name, token }),
      ).catch((error: unknown) => {
        ours.delete(token);
        throw error;
      });
      if (answer === undefined) return { lease: createLease(database, name, token) };
      ours.delete(token);
      return answer;
    },
  };
}

/** Tokens of the leases that this process has or asks for. */
const ours = new Set<string>();

/** Undefined if it is taken. */
async function take(
  transaction: Connection,
  { name, token }: { name: string; token: string },
): Promise<{ heldBy: RunOwner } | undefined> {
  const held = await transaction.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
  if (held !== undefined) {
    const owner = fromJson(RunOwner, held.owner, `the lease ${name}`);
    // One of this process that it knows nothing of: the database went away before it said that the lease was taken, or given back.
    const isForgotten = isDeepStrictEqual(owner, thisProcess()) && !ours.has(held.token);
    if (!isForgotten && !isLost(owner, held.heartbeat_at, now(), patience)) return { heldBy: owner };
    await transaction.deleteFrom('leases').where('name', '=', name).execute();
  }
  const row = { name, token, owner: JSON.stringify(thisProcess()), heartbeat_at: now() };
  await transaction.insertInto('leases').values(row).execute();
  return undefined;
}

function createLease(database: Connection, name: string, token: string): Lease {
  return {
    renew: async () => {
      const change = database.updateTable('leases').set({ heartbeat_at: now() });
      const { numUpdatedRows } = await change.where('name', '=', name).where('token', '=', token).executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    release: async () => {
      ours.delete(token);
      const giveBack = async (): Promise<void> => {
        await database.deleteFrom('leases').where('name', '=', name).where('token', '=', token).execute();
      };
      try {
        await giveBack();
      } catch (error) {
        if (!isDatabaseAway(error)) throw error;
        // This process lives on: nobody else would ever take the lease for one that was left.
        void giveBackLater(giveBack);
      }
    },
  };
}

async function giveBackLater(giveBack: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    // It keeps no process: one that has gone holds nothing.
    await sleep(pause, undefined, { ref: false });
    const isDone = await giveBack().then(
      () => true,
      (error: unknown) => !isDatabaseAway(error),
    );
    if (isDone) return;
  }
}

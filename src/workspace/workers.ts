import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { WorkerRecord } from '../schema/index.ts';
import { isLost, RunOwner, thisProcess } from './run-owner.ts';
import { fromJson } from './stored-json.ts';
import type { Connection } from './transaction.ts';
import { inTransaction } from './transaction.ts';

/** Who takes tasks at the moment. */
export interface WorkerStore {
  /** @throws AppError ALREADY_EXISTS if a worker of that name is alive. */
  enter(worker: WorkerRecord): Promise<void>;
  /** A sign of life, at least every ten seconds, with what it does now. */
  renew(worker: WorkerRecord): Promise<void>;
  leave(name: string): Promise<void>;
  /** Those that are alive, by name. */
  list(): Promise<WorkerRecord[]>;
}

/** Without a sign of life for so many milliseconds, a worker on another machine is gone. */
const patience = 45_000;

export function createWorkerStore(database: Connection): WorkerStore {
  const alive = async (connection: Connection): Promise<WorkerRecord[]> => {
    const rows = await connection.selectFrom('workers').selectAll().orderBy('name').execute();
    return rows
      .filter(({ name, owner, heartbeat_at }) => {
        const holder = fromJson(RunOwner, owner, `the worker ${name}`);
        return !isLost(holder, heartbeat_at, now(), patience);
      })
      .map(({ name, record }) => fromJson(WorkerRecord, record, `the worker ${name}`));
  };
  const rowOf = (worker: WorkerRecord) => ({
    name: worker.name,
    record: JSON.stringify(worker),
    owner: JSON.stringify(thisProcess()),
    heartbeat_at: now(),
  });
  return {
    enter: async (worker) =>
      await inTransaction(database, async (transaction) => {
        if ((await alive(transaction)).some(({ name }) => name === worker.name)) {
          throw new AppError('ALREADY_EXISTS', `a worker named \`${worker.name}\` is at work already`, {
            hint: 'Give this one another name: `--name NAME`.',
          });
        }
        await transaction.deleteFrom('workers').where('name', '=', worker.name).execute();
        await transaction.insertInto('workers').values(rowOf(worker)).execute();
      }),
    renew: async (worker) => {
      const row = rowOf(worker);
      await database
        .insertInto('workers')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute();
    },
    leave: async (name) => {
      await database.deleteFrom('workers').where('name', '=', name).execute();
    },
    list: async () => await alive(database),
  };
}

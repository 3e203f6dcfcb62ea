import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { now } from '../io/index.ts';
import { isLost, RunOwner, thisProcess } from './run-owner.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** Work for a worker: what a record (of a run or a build) has to be brought to its end. */
export interface Task {
  /** The run's or the build's. */
  id: string;
  kind: 'run' | 'build';
  /** The worker that it is for; undefined for any. */
  compute: string | undefined;
  priority: number;
  /** What a worker has to know besides the record. */
  request: object;
  createdBy: string;
}

/** A task that this process has taken. Nobody else does it until the holder gives no sign of life any more. */
export interface HeldTask {
  id: string;
  kind: Task['kind'];
  /** JSON, as it was added. */
  request: unknown;
  createdBy: string;
  /** 1 for the first. */
  attempt: number;
  /** A sign of life, at least every ten seconds. False if it was lost: somebody thought that this process was gone, or ended it. */
  renew(): Promise<boolean>;
  /** Lets it wait for the next worker; the attempt does not count. False if it was lost. */
  giveBack(): Promise<boolean>;
}

export interface LostTask {
  id: string;
  kind: Task['kind'];
  worker: string;
  attempts: number;
}

/** What waits stands beside the records that it is about: both are there or neither, whoever is killed. */
export interface TaskStore {
  /** The first of those that wait, by priority and age: for this worker by name, and (unless `onlyNamed`) for any. `ids`: only of these. */
  claim(request: { worker: string; onlyNamed?: boolean; ids?: ReadonlySet<string> }): Promise<HeldTask | undefined>;
  count(): Promise<{ waiting: number; going: number }>;
  /**
   * Those whose worker is gone wait again, unless they were begun so often that it may be their fault: those stay, for whoever ends their records. Who
   * gave no sign of life while we could not see any (the database was away, we have just come) is waited for.
   */
  returnLost(most: number): Promise<{ returned: LostTask[]; givenUp: LostTask[] }>;
  /** Its record has ended. */
  remove(id: string): Promise<void>;
}

type TaskRow = Selectable<Tables['tasks']>;

/** Without a sign of life for so many milliseconds, a worker on another machine is gone. */
const patience = 45_000;

export function createTaskStore(database: Connection): TaskStore {
  /** Since when this process sees who gives signs of life. */
  let watchingSince: string | undefined;
  return {
    claim: async (request) => {
      const row = await inTransaction(database, async (transaction) => await claim(transaction, request));
      return row === undefined ? undefined : holdTask(database, row);
    },
    count: async () => {
      const { all, going } = await database
        .selectFrom('tasks')
        .select(({ fn }) => [fn.countAll<number>().as('all'), fn.count<number>('worker').as('going')])
        .executeTakeFirstOrThrow();
      return { waiting: all - going, going };
    },
    returnLost: async (most) => {
      watchingSince ??= now();
      const options = { most, since: watchingSince };
      try {
        return await inTransaction(database, async (transaction) => await returnLost(transaction, options));
      } catch (error) {
        watchingSince = undefined;
        throw error;
      }
    },
    remove: async (id) => await removeTask(database, id),
  };
}

async function claim(
  transaction: Connection,
  { worker, onlyNamed = false, ids }: Parameters<TaskStore['claim']>[0],
): Promise<TaskRow | undefined> {
  let query = transaction
    .selectFrom('tasks')
    .selectAll()
    .where('worker', 'is', null)
    .where('compute', 'in', onlyNamed ? [worker] : ['', worker])
    .orderBy('priority', 'desc')
    .orderBy('number')
    .limit(1);
  if (ids !== undefined) query = query.where('id', 'in', [...ids]);
  const row = await query.executeTakeFirst();
  if (row === undefined) return undefined;
  const change = {
    worker,
    token: randomUUID(),
    owner: JSON.stringify(thisProcess()),
    heartbeat_at: now(),
    attempts: row.attempts + 1,
  };
  await transaction.updateTable('tasks').set(change).where('number', '=', row.number).execute();
  return { ...row, ...change };
}

const untaken = { worker: null, token: null, owner: null, heartbeat_at: null };

function holdTask(database: Connection, { id, kind, request, attempts, created_by, token }: TaskRow): HeldTask {
  const change = async (values: Partial<TaskRow>): Promise<boolean> => {
    const ours = database.updateTable('tasks').set(values).where('id', '=', id).where('token', '=', token);
    return (await ours.executeTakeFirst()).numUpdatedRows > 0n;
  };
  return {
    id,
    kind,
    request: JSON.parse(request) as unknown,
    createdBy: created_by,
    attempt: attempts,
    renew: async () => await change({ heartbeat_at: now() }),
    giveBack: async () => await change({ ...untaken, attempts: attempts - 1 }),
  };
}

async function returnLost(
  transaction: Connection,
  { most, since }: { most: number; since: string },
): Promise<{ returned: LostTask[]; givenUp: LostTask[] }> {
  const going = await transaction.selectFrom('tasks').selectAll().where('worker', 'is not', null).execute();
  const lost = going.filter((task) => isTaskLost(task, since));
  const again = lost.filter(({ attempts }) => attempts < most);
  for (const { number } of again)
    await transaction.updateTable('tasks').set(untaken).where('number', '=', number).execute();
  return { returned: again.map(toLost), givenUp: lost.filter((task) => !again.includes(task)).map(toLost) };
}

function isTaskLost({ id, owner, heartbeat_at, created_at }: TaskRow, since: string): boolean {
  const holder = fromJson(RunOwner, owner ?? '', `the task ${id}`);
  const signOfLife = heartbeat_at ?? created_at;
  return isLost(holder, signOfLife > since ? signOfLife : since, now(), patience);
}

function toLost({ id, kind, worker, attempts }: TaskRow): LostTask {
  return { id, kind, worker: worker ?? '', attempts };
}

/** In the transaction that makes the record. */
export async function addTask(
  transaction: Connection,
  { compute = '', request, createdBy, ...task }: Task,
): Promise<void> {
  const row = {
    ...task,
    compute,
    request: JSON.stringify(request),
    attempts: 0,
    created_at: now(),
    created_by: createdBy,
  };
  await transaction.insertInto('tasks').values(row).execute();
}

export async function removeTask(connection: Connection, id: string): Promise<void> {
  await connection.deleteFrom('tasks').where('id', '=', id).execute();
}

/** Undefined if it was never given to workers, or has ended. */
export async function taskState(connection: Connection, id: string): Promise<'waiting' | 'going' | undefined> {
  const row = await connection.selectFrom('tasks').select('worker').where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  return row.worker === null ? 'waiting' : 'going';
}

import type { Selectable } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now, processStartTime } from '../io/index.ts';
import { RunRecord, runStatuses, terminalStatuses } from '../schema/index.ts';
import { isForeignKeyViolation, isUniqueViolation } from './database-errors.ts';
import { filterValue } from './filter-value.ts';
import { cursorNumber, inOrder, type Page, type TimedRequest, toPage } from './page.ts';
import { isHere, isLost, RunOwner, thisProcess } from './run-owner.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import { addTask, removeTask, type Task, taskState } from './tasks.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** What of a record may change while the run goes on. */
export type RunChange = Partial<Omit<RunRecord, 'id' | 'environment' | 'createdAt' | 'createdBy'>>;

export interface RunStore {
  /**
   * This process becomes its driver; with a task, whichever worker takes it.
   * @throws AppError ALREADY_EXISTS; ENVIRONMENT_NOT_FOUND if the version was deleted meanwhile.
   */
  create(record: RunRecord, versionId: number | undefined, task?: Task): Promise<void>;
  /** This process becomes the driver of a run that was a task. */
  adopt(id: string): Promise<void>;
  /** Changes a run that has not ended. @throws AppError RUN_NOT_FOUND, FINISHED. */
  update(id: string, change: RunChange): Promise<RunRecord>;
  /** Notes the script's process, so that others can find and end it. */
  setScript(id: string, pid: number): Promise<void>;
  /** A sign of life of its driver, due at least once a minute: for those who cannot see its process. Nothing if the run has ended. */
  heartbeat(id: string): Promise<void>;
  owner(id: string): Promise<RunOwner | undefined>;
  /** By its id or an unambiguous beginning of it. @throws AppError RUN_NOT_FOUND. */
  get(id: string): Promise<RunRecord>;
  /** By time, the newest first. */
  list(
    request: TimedRequest & { status?: string; environment?: { name: string; version?: string } },
  ): Promise<Page<RunRecord>>;
  /** Ends it if it still waits for a worker. Nothing if it has ended. @throws AppError RUN_NOT_FOUND. */
  requestCancel(id: string): Promise<void>;
  isCancelRequested(id: string): Promise<boolean>;
  /**
   * Ends the runs whose process is gone, as Failed (as Canceled if that was asked for), and says which. The records tell what happened. Those that
   * are tasks are left alone: they get another worker.
   */
  endOrphans(): Promise<RunRecord[]>;
}

type RunRow = Selectable<Tables['runs']>;

const activeStatuses = runStatuses.filter((status) => !terminalStatuses.has(status));

export function createRunStore(database: Connection): RunStore {
  return {
    create: async (record, versionId, task) => {
      if (task === undefined) return await create(database, record, versionId);
      await database.transaction().execute(async (transaction) => {
        await create(transaction, record, versionId);
        await addTask(transaction, task);
      });
    },
    adopt: async (id) => await write(database, id, { owner: JSON.stringify(thisProcess()), heartbeat_at: now() }),
    update: (id, change) => inTransaction(database, (transaction) => update(transaction, id, change)),
    setScript: async (id, pid) => {
      await inTransaction(database, async (transaction) => {
        const owner = toOwner(await rowById(transaction, id));
        await write(transaction, id, {
          owner: JSON.stringify({ ...owner, script: { pid, startTime: processStartTime(pid) } }),
        });
      });
    },
    heartbeat: async (id) => {
      const active = database.updateTable('runs').where('id', '=', id).where('status', 'in', activeStatuses);
      await active.set({ heartbeat_at: now() }).execute();
    },
    owner: async (id) => toOwner(await findRow(database, id)),
    get: async (id) => toRecord(await findRow(database, id)),
    list: (request) => list(database, request),
    requestCancel: async (id) => await inTransaction(database, async (transaction) => await cancel(transaction, id)),
    isCancelRequested: async (id) => {
      const query = database.selectFrom('runs').select('cancel_requested').where('id', '=', id);
      return (await query.executeTakeFirst())?.cancel_requested === 1;
    },
    endOrphans: () => endOrphans(database),
  };
}

async function create(database: Connection, input: RunRecord, versionId: number | undefined): Promise<void> {
  const record = RunRecord.parse(input);
  const insert = database.insertInto('runs').values({
    ...columnsOf(record),
    id: record.id,
    environment_name: record.environment.name,
    environment_version: record.environment.version,
    version_id: versionId ?? null,
    owner: JSON.stringify(thisProcess()),
    heartbeat_at: now(),
    cancel_requested: 0,
    created_at: record.createdAt,
  });
  try {
    await insert.execute();
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new AppError('ALREADY_EXISTS', `there is a run \`${record.id}\` in this workspace already`, {
        hint: 'Give it another name, or none.',
        cause: error,
      });
    }
    if (!isForeignKeyViolation(error)) throw error;
    const { name, version } = record.environment;
    throw new AppError('ENVIRONMENT_NOT_FOUND', `the environment ${name}:${version} was deleted meanwhile`, {
      cause: error,
    });
  }
}

/** What of a record stands in columns, too. */
function columnsOf(record: RunRecord): Pick<RunRow, 'status' | 'lock_digest' | 'record'> {
  return { status: record.status, lock_digest: record.lockDigest, record: JSON.stringify(record) };
}

async function write(
  connection: Connection,
  id: string,
  change: Partial<Omit<RunRow, 'number' | 'id'>>,
): Promise<void> {
  await connection.updateTable('runs').set(change).where('id', '=', id).execute();
}

async function update(transaction: Connection, id: string, change: RunChange): Promise<RunRecord> {
  const row = await rowById(transaction, id);
  if (terminalStatuses.has(row.status)) {
    throw new AppError('FINISHED', `the run ${id} has ended; its record cannot be changed`);
  }
  const before = toRecord(row);
  const { createdAt, createdBy, environment } = before;
  const record = RunRecord.parse({ ...before, ...change, id, createdAt, createdBy, environment });
  await write(transaction, id, columnsOf(record));
  return record;
}

async function cancel(transaction: Connection, id: string): Promise<void> {
  const { status } = await rowById(transaction, id);
  if (terminalStatuses.has(status)) return;
  await write(transaction, id, { cancel_requested: 1 });
  if ((await taskState(transaction, id)) !== 'waiting') return;
  await removeTask(transaction, id);
  const error = { code: 'CANCELED', message: 'the run was canceled before it began' };
  await update(transaction, id, { status: 'Canceled', endedAt: now(), error });
}

async function list(
  database: Connection,
  { limit, cursor, sort, status, environment }: Parameters<RunStore['list']>[0],
): Promise<Page<RunRecord>> {
  const { direction, beyond } = inOrder(sort);
  let query = database
    .selectFrom('runs')
    .selectAll()
    .orderBy('number', direction)
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('number', beyond, cursorNumber(cursor));
  if (status !== undefined) query = query.where('status', '=', filterValue(runStatuses, status, 'status'));
  if (environment !== undefined) {
    query = query.where('environment_name', '=', environment.name);
    if (environment.version !== undefined) query = query.where('environment_version', '=', environment.version);
  }
  return toPage(await query.execute(), limit, { keyOf: (row) => row.number, toItem: toRecord });
}

async function rowById(connection: Connection, id: string): Promise<RunRow> {
  const row = await connection.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw notFound(id);
  return row;
}

async function findRow(connection: Connection, idOrBeginning: string): Promise<RunRow> {
  const exact = await connection.selectFrom('runs').selectAll().where('id', '=', idOrBeginning).executeTakeFirst();
  if (exact !== undefined) return exact;
  if (idOrBeginning === '') throw notFound(idOrBeginning);
  const rows = await connection
    .selectFrom('runs')
    .selectAll()
    .where('id', '>=', idOrBeginning)
    .where('id', '<', `${idOrBeginning}\u{10ffff}`)
    .orderBy('id')
    .limit(4)
    .execute();
  const [row, ...others] = rows;
  if (row === undefined) throw notFound(idOrBeginning);
  if (others.length === 0) return row;
  const shown = rows.slice(0, 3).map(({ id }) => id);
  const rest = rows.length > shown.length ? ', …' : '';
  throw new AppError(
    'RUN_NOT_FOUND',
    `\`${idOrBeginning}\` is the beginning of several runs: ${shown.join(', ')}${rest}`,
    {
      hint: 'Write more of it.',
    },
  );
}

function notFound(id: string): AppError {
  return new AppError('RUN_NOT_FOUND', `there is no run \`${id}\` in this workspace`, {
    hint: '`terroir runs list` lists them.',
  });
}

async function endOrphans(database: Connection): Promise<RunRecord[]> {
  const query = database
    .selectFrom('runs')
    .selectAll()
    .where('status', 'in', activeStatuses)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('tasks').select('tasks.id').whereRef('tasks.id', '=', 'runs.id'))),
    )
    .orderBy('number');
  const suspects = (await query.execute()).filter(isRowLost);
  const ended: RunRecord[] = [];
  for (const { id } of suspects) {
    const record = await inTransaction(database, (transaction) => endIfLost(transaction, id));
    if (record !== undefined) ended.push(record);
  }
  return ended;
}

/** Looks again inside the transaction: it may have ended, or its script may have been noted, since it was found. */
async function endIfLost(transaction: Connection, id: string): Promise<RunRecord | undefined> {
  const row = await rowById(transaction, id);
  if (terminalStatuses.has(row.status) || !isRowLost(row)) return undefined;
  const canceled = row.cancel_requested === 1;
  return await update(transaction, id, {
    status: canceled ? 'Canceled' : 'Failed',
    endedAt: now(),
    error: canceled
      ? { code: 'CANCELED', message: 'the run was canceled; the process that drove it was gone already' }
      : { code: 'RUN_LOST', message: lossText(row), hint: `Repeat it: \`terroir runs replay ${id}\`.` },
  });
}

function isRowLost(row: RunRow): boolean {
  return isLost(toOwner(row), signOfLife(row), now());
}

function lossText(row: RunRow): string {
  const owner = toOwner(row);
  const how = isHere(owner)
    ? 'the process that drove the run is gone'
    : `the process that drove the run, on \`${owner.host}\`, has given no sign of life since ${signOfLife(row)}`;
  return `${how}; the run was ${row.status}`;
}

function signOfLife(row: RunRow): string {
  return row.heartbeat_at ?? row.created_at;
}

function toRecord(row: Pick<RunRow, 'id' | 'record'>): RunRecord {
  return fromJson(RunRecord, row.record, `the run ${row.id}`);
}

function toOwner(row: Pick<RunRow, 'id' | 'owner'>): RunOwner {
  return fromJson(RunOwner, row.owner, `the run ${row.id}`);
}

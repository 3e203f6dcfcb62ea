import type { Selectable } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { BuildRecord, type BuildStatus, buildStatuses } from '../schema/index.ts';
import { type BuildStatistics, buildUsage, countBuilds } from './build-usage.ts';
import { filterValue } from './filter-value.ts';
import { cursorNumber, inOrder, type Page, type TimedRequest, toPage } from './page.ts';
import { fromJson } from './stored-json.ts';
import type { Tables } from './tables.ts';
import { addTask, removeTask, type Task, taskState } from './tasks.ts';
import { type Connection, inTransaction } from './transaction.ts';

export type BuildChange = Partial<Omit<BuildRecord, 'id' | 'environment' | 'createdAt' | 'createdBy'>>;

export interface BuildStore {
  /** A build that has not ended and agrees in `joinedBy` is answered instead: it will be theirs, too. */
  create(record: BuildRecord, details: { versionId: number; joinedBy: string; task: Task }): Promise<BuildRecord>;
  /** Changes a build that has not ended. @throws AppError BUILD_NOT_FOUND, FINISHED. */
  update(id: string, change: BuildChange): Promise<BuildRecord>;
  /** @throws AppError BUILD_NOT_FOUND. */
  get(id: string): Promise<BuildRecord>;
  /** By time, the newest first. */
  list(
    request: TimedRequest & { status?: string; environment?: { name: string; version?: string } },
  ): Promise<Page<BuildRecord>>;
  /** Ends it if it still waits for a worker. Nothing if it has ended. @throws AppError BUILD_NOT_FOUND. */
  requestCancel(id: string): Promise<void>;
  isCancelRequested(id: string): Promise<boolean>;
  statistics(): Promise<BuildStatistics>;
}

type BuildRow = Selectable<Tables['builds']>;

const activeStatuses: readonly BuildStatus[] = ['Queued', 'Running'];

export function createBuildStore(database: Connection): BuildStore {
  return {
    create: async (record, details) =>
      await inTransaction(database, async (transaction) => await create(transaction, record, details)),
    update: async (id, change) =>
      await inTransaction(database, async (transaction) => await update(transaction, id, change)),
    get: async (id) => toRecord(await rowById(database, id)),
    list: async (request) => await list(database, request),
    requestCancel: async (id) => await inTransaction(database, async (transaction) => await cancel(transaction, id)),
    statistics: () => countBuilds(database),
    isCancelRequested: async (id) => {
      const query = database.selectFrom('builds').select('cancel_requested').where('id', '=', id);
      return (await query.executeTakeFirst())?.cancel_requested === 1;
    },
  };
}

async function create(
  transaction: Connection,
  input: BuildRecord,
  { versionId, joinedBy, task }: Parameters<BuildStore['create']>[1],
): Promise<BuildRecord> {
  const same = transaction.selectFrom('builds').selectAll().where('joined_by', '=', joinedBy);
  const going = await same.where('status', 'in', activeStatuses).where('cancel_requested', '=', 0).executeTakeFirst();
  if (going !== undefined) return toRecord(going);
  const record = BuildRecord.parse(input);
  await transaction
    .insertInto('builds')
    .values({
      id: record.id,
      status: record.status,
      environment_name: record.environment.name,
      environment_version: record.environment.version,
      version_id: versionId,
      joined_by: joinedBy,
      record: JSON.stringify(record),
      cancel_requested: 0,
      ...buildUsage(record),
      created_at: record.createdAt,
    })
    .execute();
  await addTask(transaction, task);
  return record;
}

async function update(transaction: Connection, id: string, change: BuildChange): Promise<BuildRecord> {
  const before = toRecord(await rowById(transaction, id));
  if (!activeStatuses.includes(before.status))
    throw new AppError('FINISHED', `the build ${id} has ended; its record cannot be changed`);
  const record = BuildRecord.parse({ ...before, ...change });
  const row = { status: record.status, record: JSON.stringify(record), ...buildUsage(record) };
  await transaction.updateTable('builds').set(row).where('id', '=', id).execute();
  return record;
}

async function cancel(transaction: Connection, id: string): Promise<void> {
  const { status } = await rowById(transaction, id);
  if (!activeStatuses.includes(status)) return;
  await transaction.updateTable('builds').set({ cancel_requested: 1 }).where('id', '=', id).execute();
  if ((await taskState(transaction, id)) !== 'waiting') return;
  await removeTask(transaction, id);
  const error = { code: 'CANCELED', message: 'the build was canceled before it began' };
  await update(transaction, id, { status: 'Canceled', endedAt: now(), error });
}

async function list(
  database: Connection,
  { limit, cursor, sort, status, environment }: Parameters<BuildStore['list']>[0],
): Promise<Page<BuildRecord>> {
  const { direction, beyond } = inOrder(sort);
  let query = database
    .selectFrom('builds')
    .selectAll()
    .orderBy('number', direction)
    .limit(limit + 1);
  if (cursor !== undefined) query = query.where('number', beyond, cursorNumber(cursor));
  if (status !== undefined) query = query.where('status', '=', filterValue(buildStatuses, status, 'status'));
  if (environment !== undefined) {
    query = query.where('environment_name', '=', environment.name);
    if (environment.version !== undefined) query = query.where('environment_version', '=', environment.version);
  }
  return toPage(await query.execute(), limit, { keyOf: (row) => row.number, toItem: toRecord });
}

async function rowById(connection: Connection, id: string): Promise<BuildRow> {
  const row = await connection.selectFrom('builds').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return row;
  throw new AppError('BUILD_NOT_FOUND', `there is no build \`${id}\` in this workspace`);
}

function toRecord({ id, record }: Pick<BuildRow, 'id' | 'record'>): BuildRecord {
  return fromJson(BuildRecord, record, `the build ${id}`);
}

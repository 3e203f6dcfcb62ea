import { AppError } from '../errors/index.ts';
import { ModelRecord } from '../schema/index.ts';
import { isForeignKeyViolation } from './database-errors.ts';
import { cursorNumber, cursorText, inOrder, type Page, type PageRequest, type TimedRequest, toPage } from './page.ts';
import { fromJson } from './stored-json.ts';
import { type Connection, inTransaction } from './transaction.ts';
import { versionAfter, versionNumber } from './version-number.ts';

export interface ModelStore {
  /** Without a version the one after the highest number is taken. @throws AppError MODEL_EXISTS; RUN_NOT_FOUND if its run is not here. */
  register(model: Omit<ModelRecord, 'version'> & { version?: string }): Promise<ModelRecord>;
  /** Without a version the most recently registered one. @throws AppError MODEL_NOT_FOUND. */
  get(name: string, version?: string): Promise<ModelRecord>;
  /** By time, the newest first. */
  list(request: TimedRequest & { name?: string; runId?: string }): Promise<Page<ModelRecord>>;
  /** By name, each with the one that was registered last. */
  listNames(request: PageRequest & { name?: string }): Promise<Page<NamedModel>>;
}

export interface NamedModel {
  latest: ModelRecord;
  /** What a version would be called that comes without one. */
  nextVersion: string;
}

export function createModelStore(database: Connection): ModelStore {
  return {
    register: (model) => inTransaction(database, (transaction) => register(transaction, model)),
    get: async (name, version) => {
      let query = database.selectFrom('models').selectAll().where('name', '=', name).orderBy('number', 'desc').limit(1);
      if (version !== undefined) query = query.where('version', '=', version);
      const row = await query.executeTakeFirst();
      if (row !== undefined) return toRecord(row);
      const reference = version === undefined ? name : `${name}:${version}`;
      throw new AppError('MODEL_NOT_FOUND', `there is no model \`${reference}\` in this workspace`, {
        hint: '`terroir model list` lists them.',
      });
    },
    list: async ({ limit, cursor, sort, name, runId }) => {
      const { direction, beyond } = inOrder(sort);
      let query = database
        .selectFrom('models')
        .selectAll()
        .orderBy('number', direction)
        .limit(limit + 1);
      if (cursor !== undefined) query = query.where('number', beyond, cursorNumber(cursor));
      if (name !== undefined) query = query.where('name', '=', name);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      return toPage(await query.execute(), limit, { keyOf: (row) => row.number, toItem: toRecord });
    },
    listNames: (request) => listNames(database, request),
  };
}

async function listNames(
  database: Connection,
  { limit, cursor, name }: PageRequest & { name?: string },
): Promise<Page<NamedModel>> {
  let names = database
    .selectFrom('models')
    .select(({ fn }) => ['name', fn.max('number').as('last'), fn.max('version_number').as('highest')])
    .groupBy('name')
    .orderBy('name')
    .limit(limit + 1);
  if (cursor !== undefined) names = names.where('name', '>', cursorText(cursor));
  if (name !== undefined) names = names.where('name', '=', name);
  const rows = await database
    .selectFrom(names.as('n'))
    .innerJoin('models as m', 'm.number', 'n.last')
    .select(['m.name', 'm.version', 'm.record', 'n.highest'])
    .orderBy('m.name')
    .execute();
  return toPage(rows, limit, {
    keyOf: (row) => row.name,
    toItem: (row) => ({ latest: toRecord(row), nextVersion: versionAfter(row.highest, row.name) }),
  });
}

async function register(
  transaction: Connection,
  model: Omit<ModelRecord, 'version'> & { version?: string },
): Promise<ModelRecord> {
  const version = model.version ?? (await nextVersion(transaction, model.name));
  if (await isTaken(transaction, model.name, version)) {
    throw new AppError('MODEL_EXISTS', `the model ${model.name}:${version} is registered already`, {
      hint: 'Register it under another version, or without one.',
    });
  }
  const record = ModelRecord.parse({ ...model, version });
  const insert = transaction.insertInto('models').values({
    name: record.name,
    version,
    version_number: versionNumber(version),
    run_id: record.runId,
    record: JSON.stringify(record),
    created_at: record.createdAt,
  });
  try {
    await insert.execute();
    return record;
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    throw new AppError('RUN_NOT_FOUND', `there is no run \`${record.runId}\` in this workspace`, {
      hint: '`terroir runs list` lists them.',
      cause: error,
    });
  }
}

async function isTaken(transaction: Connection, name: string, version: string): Promise<boolean> {
  const query = transaction.selectFrom('models').select('number').where('name', '=', name);
  return (await query.where('version', '=', version).executeTakeFirst()) !== undefined;
}

async function nextVersion(transaction: Connection, name: string): Promise<string> {
  const row = await transaction
    .selectFrom('models')
    .select(({ fn }) => fn.max('version_number').as('highest'))
    .where('name', '=', name)
    .executeTakeFirst();
  return versionAfter(row?.highest, name);
}

function toRecord(row: { name: string; version: string; record: string }): ModelRecord {
  return fromJson(ModelRecord, row.record, `the model ${row.name}:${row.version}`);
}

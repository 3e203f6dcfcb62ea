import type { Kysely } from 'kysely';
import { AppError } from '../errors/index.ts';
import { ModelRecord } from '../schema/index.ts';
import { decodeCursor, type Page, type PageRequest, toPage } from './page.ts';
import type { Tables } from './tables.ts';

export interface ModelStore {
  /** Without a version the next number is taken. @throws AppError MODEL_EXISTS. */
  register(model: Omit<ModelRecord, 'version'> & { version?: string }): Promise<ModelRecord>;
  /** Without a version the newest one. @throws AppError MODEL_NOT_FOUND. */
  get(name: string, version?: string): Promise<ModelRecord>;
  list(request: PageRequest & { name?: string; runId?: string }): Promise<Page<ModelRecord>>;
}

export function createModelStore(database: Kysely<Tables>): ModelStore {
  return {
    register: async ({ version: wanted, ...rest }) =>
      await database.transaction().execute(async (transaction) => {
        const rows = await transaction.selectFrom('models').select('version').where('name', '=', rest.name).execute();
        const numbers = rows.map(({ version }) => Number(version)).filter(Number.isInteger);
        const version = wanted ?? String(Math.max(0, ...numbers) + 1);
        if (rows.some((row) => row.version === version)) {
          throw new AppError('MODEL_EXISTS', `the model ${rest.name}:${version} is registered already`, { hint: 'Register it under another version, or without one.' });
        }
        const record = ModelRecord.parse({ ...rest, version });
        await transaction
          .insertInto('models')
          .values({ name: record.name, version, run_id: record.runId, record: JSON.stringify(record), created_at: record.createdAt } as never)
          .execute();
        return record;
      }),
    get: async (name, version) => {
      let query = database.selectFrom('models').select('record').where('name', '=', name).orderBy('number', 'desc').limit(1);
      if (version !== undefined) query = query.where('version', '=', version);
      const row = await query.executeTakeFirst();
      if (row !== undefined) return ModelRecord.parse(JSON.parse(row.record));
      throw new AppError('MODEL_NOT_FOUND', `there is no model \`${name}${version === undefined ? '' : `:${version}`}\` in this workspace`, { hint: '`terroir model list` lists them.' });
    },
    list: async ({ limit, cursor, name, runId }) => {
      let query = database.selectFrom('models').selectAll().orderBy('number', 'desc').limit(limit + 1);
      if (cursor !== undefined) query = query.where('number', '<', Number(decodeCursor(cursor, 1)[0]));
      if (name !== undefined) query = query.where('name', '=', name);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      return toPage(await query.execute(), limit, (row) => [row.number], (row) => ModelRecord.parse(JSON.parse(row.record)));
    },
  };
}

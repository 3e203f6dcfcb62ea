import { hostname } from 'node:os';
import type { Kysely } from 'kysely';
import { AppError } from '../errors/index.ts';
import { isProcessAlive, now, processStartTime } from '../io/index.ts';
import { RunRecord, type RunStatus, terminalStatuses } from '../schema/index.ts';
import { decodeCursor, type Page, type PageRequest, toPage } from './page.ts';
import type { Tables } from './tables.ts';

/** Who drives a run. */
export interface RunOwner {
  host: string;
  /** The process that drives it. */
  pid: number;
  startTime: string | undefined;
  /** The script's process, once it runs. */
  script?: { pid: number; startTime: string | undefined };
}

export interface RunStore {
  create(record: RunRecord, versionId: number | undefined): Promise<void>;
  /** Changes a run that has not ended. @throws AppError FINISHED. */
  update(id: string, change: Partial<RunRecord>): Promise<RunRecord>;
  setScript(id: string, pid: number): Promise<void>;
  owner(id: string): Promise<RunOwner | undefined>;
  /** By its id or an unambiguous beginning of it. @throws AppError RUN_NOT_FOUND. */
  get(id: string): Promise<RunRecord>;
  list(request: PageRequest & { status?: string; environment?: { name: string; version?: string } }): Promise<Page<RunRecord>>;
  requestCancel(id: string): Promise<void>;
  isCancelRequested(id: string): Promise<boolean>;
  /** Ends the runs whose process is gone, as Failed, and says which. The records tell what happened. */
  endOrphans(): Promise<RunRecord[]>;
}

const active: readonly RunStatus[] = ['NotStarted', 'Queued', 'Preparing', 'Running', 'Finalizing'];

export function createRunStore(database: Kysely<Tables>): RunStore {
  const readRow = async (id: string): Promise<Tables['runs']> => {
    const exact = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
    if (exact !== undefined) return exact;
    const prefix = id.replaceAll(/[^a-z0-9_-]/gi, '');
    const rows = prefix === '' ? [] : await database.selectFrom('runs').selectAll().where('id', '>=', prefix).where('id', '<', `${prefix}\u{ffff}`).limit(2).execute();
    const [row, second] = rows;
    if (row === undefined) throw new AppError('RUN_NOT_FOUND', `there is no run \`${id}\` in this workspace`, { hint: '`terroir runs list` lists them.' });
    if (second !== undefined) throw new AppError('RUN_NOT_FOUND', `\`${id}\` is the beginning of several runs: ${row.id}, ${second.id}, …`, { hint: 'Write more of it.' });
    return row;
  };
  const update: RunStore['update'] = async (id, change) =>
    await database.transaction().execute(async (transaction) => {
      const row = await transaction.selectFrom('runs').select(['record', 'status']).where('id', '=', id).executeTakeFirstOrThrow();
      if (terminalStatuses.has(row.status as RunStatus)) throw new AppError('FINISHED', `the run ${id} has ended; its record cannot be changed`);
      const record = RunRecord.parse({ ...(JSON.parse(row.record) as RunRecord), ...change });
      await transaction
        .updateTable('runs')
        .set({ record: JSON.stringify(record), status: record.status, lock_digest: record.lockDigest, heartbeat_at: now() })
        .where('id', '=', id)
        .execute();
      return record;
    });

  return {
    update,
    create: async (record, versionId) => {
      const owner: RunOwner = { host: hostname(), pid: process.pid, startTime: processStartTime(process.pid) };
      await database
        .insertInto('runs')
        .values({
          id: record.id,
          status: record.status,
          environment_name: record.environment.name,
          environment_version: record.environment.version,
          version_id: versionId ?? null,
          lock_digest: record.lockDigest,
          record: JSON.stringify(RunRecord.parse(record)),
          owner: JSON.stringify(owner),
          heartbeat_at: record.createdAt,
          cancel_requested: 0,
          created_at: record.createdAt,
        } as never)
        .execute();
    },
    setScript: async (id, pid) => {
      const row = await readRow(id);
      const owner = { ...(JSON.parse(row.owner ?? '{}') as RunOwner), script: { pid, startTime: processStartTime(pid) } };
      await database.updateTable('runs').set({ owner: JSON.stringify(owner) }).where('id', '=', id).execute();
    },
    owner: async (id) => {
      const { owner } = await readRow(id);
      return owner === null ? undefined : (JSON.parse(owner) as RunOwner);
    },
    get: async (id) => toRecord(await readRow(id)),
    list: async ({ limit, cursor, status, environment }) => {
      let query = database.selectFrom('runs').selectAll().orderBy('number', 'desc').limit(limit + 1);
      if (cursor !== undefined) query = query.where('number', '<', Number(decodeCursor(cursor, 1)[0]));
      if (status !== undefined) query = query.where('status', '=', status);
      if (environment !== undefined) {
        query = query.where('environment_name', '=', environment.name);
        if (environment.version !== undefined) query = query.where('environment_version', '=', environment.version);
      }
      return toPage(await query.execute(), limit, (row) => [row.number], toRecord);
    },
    requestCancel: async (id) => {
      await database.updateTable('runs').set({ cancel_requested: 1 }).where('id', '=', id).where('status', 'in', [...active]).execute();
    },
    isCancelRequested: async (id) => {
      const row = await database.selectFrom('runs').select('cancel_requested').where('id', '=', id).executeTakeFirst();
      return row?.cancel_requested === 1;
    },
    endOrphans: async () => {
      const rows = await database.selectFrom('runs').select(['id', 'owner']).where('status', 'in', [...active]).execute();
      const ended: RunRecord[] = [];
      for (const { id, owner } of rows) {
        if (!isOrphan(owner)) continue;
        try {
          ended.push(await update(id, orphanChange(await readRow(id).then(toRecord))));
        } catch (error) {
          // Somebody else was faster.
          if (!(error instanceof AppError) || error.code !== 'FINISHED') throw error;
        }
      }
      return ended;
    },
  };
}

function orphanChange(record: RunRecord): Partial<RunRecord> {
  return {
    status: 'Failed',
    endedAt: now(),
    error: {
      code: 'CANCELED',
      message: `the process that drove the run was killed while the run was ${record.status}`,
      hint: `Repeat it: \`terroir runs replay ${record.id}\`.`,
    },
  };
}

/** On this host, and neither we that drove it nor the script is there any more. */
function isOrphan(text: string | null): boolean {
  if (text === null) return true;
  const owner = JSON.parse(text) as RunOwner;
  return owner.host === hostname() && !isProcessAlive(owner.pid, owner.startTime);
}

function toRecord(row: Tables['runs']): RunRecord {
  return RunRecord.parse(JSON.parse(row.record));
}

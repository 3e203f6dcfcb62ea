import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import { type Connection, inTransaction } from './transaction.ts';

export interface SubmissionStore {
  /**
   * Takes a key for a run that is about to be made. If the same user sent the key before, the run that it made then is answered.
   * @throws AppError ALREADY_EXISTS if it was sent with other content.
   */
  claim(submission: { user: string; key: string; digest: string; runId: string }): Promise<{ earlierRun?: string }>;
  /** Frees a key whose run could not be made. */
  release(user: string, key: string): Promise<void>;
}

/** Milliseconds for which a key is remembered. */
const memory = 24 * 60 * 60_000;

export function createSubmissionStore(database: Connection): SubmissionStore {
  return {
    claim: async ({ user, key, digest, runId }) =>
      await inTransaction(database, async (transaction) => {
        const oldest = new Date(Date.now() - memory).toISOString();
        await transaction.deleteFrom('submissions').where('created_at', '<', oldest).execute();
        const query = transaction.selectFrom('submissions').selectAll().where('user', '=', user).where('key', '=', key);
        const earlier = await query.executeTakeFirst();
        if (earlier === undefined) {
          const row = { user, key, digest, run_id: runId, created_at: now() };
          await transaction.insertInto('submissions').values(row).execute();
          return {};
        }
        if (earlier.digest === digest) return { earlierRun: earlier.run_id };
        throw new AppError('ALREADY_EXISTS', 'the idempotency key was sent before with another content', {
          hint: 'Take a new key for each submission, and the same one only to send it again.',
        });
      }),
    release: async (user, key) => {
      await database.deleteFrom('submissions').where('user', '=', user).where('key', '=', key).execute();
    },
  };
}

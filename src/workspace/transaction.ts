import type { Kysely, Transaction } from 'kysely';
import { sleep } from '../io/index.ts';
import { isSerializationFailure, isUniqueViolation } from './database-errors.ts';
import type { Tables } from './tables.ts';

/** The database, or a transaction in it. */
export type Connection = Kysely<Tables>;

/** How often a transaction starts again because of others. */
const attempts = 50;

/**
 * Runs `work` as if nobody else wrote meanwhile. In SQLite nobody does; PostgreSQL notices when it makes a difference, and then `work` runs again
 * and sees what the others did. So `work` must have no other effects.
 */
export async function inTransaction<T>(
  database: Connection,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().setIsolationLevel('serializable').execute(work);
    } catch (error) {
      const isOthersDoing = isSerializationFailure(error) || isUniqueViolation(error);
      if (!isOthersDoing || attempt === attempts) throw error;
      await sleep(Math.random() * 5 * Math.min(attempt, 10));
    }
  }
}

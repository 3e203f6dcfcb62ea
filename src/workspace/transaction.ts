import type { Kysely, Transaction } from 'kysely';
import { isUniqueViolation } from './database-errors.ts';
import type { Tables } from './tables.ts';

/** The database, or a transaction in it. */
export type Connection = Kysely<Tables>;

/** How often a transaction starts again when somebody else took the key that it chose. */
const attempts = 50;

/**
 * Runs `work` as one transaction. In SQLite nobody else writes meanwhile; in PostgreSQL somebody may insert the key that `work` is about to:
 * then it runs again and sees what they did. So `work` must have no other effects.
 */
export async function inTransaction<T>(
  database: Connection,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().execute(work);
    } catch (error) {
      if (!isUniqueViolation(error) || attempt === attempts) throw error;
    }
  }
}

import type * as z from 'zod';
import { AppError } from '../errors/index.ts';

/** Reads JSON that a column holds. @throws AppError CORRUPT_STORE, naming `what`, if it is not what was once written. */
export function fromJson<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('CORRUPT_STORE', `the workspace's database holds something unreadable for ${what}`, {
      hint: 'Restore the database from a backup.',
      cause: error,
    });
  }
}

import type { Connection } from './transaction.ts';

/** What a workspace knows of itself, by name. */
export interface FactStore {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
}

export function createFactStore(database: Connection): FactStore {
  return {
    get: async (name) => {
      const query = database.selectFrom('facts').select('value').where('name', '=', name);
      return (await query.executeTakeFirst())?.value;
    },
    set: async (name, value) => {
      await database
        .insertInto('facts')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
    },
  };
}

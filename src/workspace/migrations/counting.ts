import { type ColumnDefinitionBuilder, type Kysely, PostgresAdapter } from 'kysely';

/** A primary key that counts up, as each of the databases spells it. */
export function counting(database: Kysely<unknown>): (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder {
  const isPostgres = database.getExecutor().adapter instanceof PostgresAdapter;
  return (column) =>
    isPostgres ? column.primaryKey().generatedByDefaultAsIdentity() : column.primaryKey().autoIncrement();
}

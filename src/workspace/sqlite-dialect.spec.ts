import { DatabaseSync } from 'node:sqlite';
import { type Generated, Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isForeignKeyViolation, isUniqueViolation } from './database-errors.ts';
import { SqliteDialect } from './sqlite-dialect.ts';

interface Tables {
  things: { id: Generated<number>; name: string; size: number | null; part_of: number | null };
}

describe('SqliteDialect', () => {
  let database: Kysely<Tables>;
  beforeEach(async () => {
    const connection = new DatabaseSync(':memory:');
    database = new Kysely<Tables>({ dialect: new SqliteDialect(connection, ':memory:') });
    await database.schema
      .createTable('things')
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('size', 'bigint')
      .addColumn('part_of', 'integer', (column) => column.references('things.id'))
      .execute();
  });
  afterEach(() => database.destroy());
  const names = async () =>
    (await database.selectFrom('things').select('name').orderBy('id').execute()).map((row) => row.name);
  const insert = (name: string, connection: Kysely<Tables> = database) =>
    connection.insertInto('things').values({ name }).executeTakeFirstOrThrow();

  it('answers rows, ids and counts', async () => {
    expect((await insert('a')).insertId).toBe(1n);
    const values = { name: 'b', size: 2 ** 50 };
    expect(await database.insertInto('things').values(values).returningAll().executeTakeFirst()).toEqual({
      id: 2,
      ...values,
      part_of: null,
    });
    expect((await database.updateTable('things').set({ size: 1 }).executeTakeFirst()).numUpdatedRows).toBe(2n);
    expect((await database.deleteFrom('things').where('name', '=', 'x').executeTakeFirst()).numDeletedRows).toBe(0n);
    expect(await names()).toEqual(['a', 'b']);
  });

  it('lets transactions wait for one another', async () => {
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        database.transaction().execute(async (transaction) => {
          const { count } = await transaction
            .selectFrom('things')
            .select(({ fn }) => fn.countAll<number>().as('count'))
            .executeTakeFirstOrThrow();
          await insert(`${name}${count}`, transaction);
        }),
      ),
    );
    expect(await names()).toEqual(['a0', 'b1', 'c2']);
  });

  it('rolls back what fails, and goes on', async () => {
    const failing = database.transaction().execute(async (transaction) => {
      await insert('a', transaction);
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(await names()).toEqual([]);
    await insert('b');
    expect(await names()).toEqual(['b']);
  });

  it('tells the first error when SQLite has rolled back by itself', async () => {
    await insert('a');
    const failing = database.transaction().execute(async (transaction) => {
      await insert('b', transaction);
      await sql`insert or rollback into things (name) values ('a')`.execute(transaction);
    });
    await expect(failing).rejects.toSatisfy(isUniqueViolation);
    expect(await names()).toEqual(['a']);
    await insert('c');
    expect(await names()).toEqual(['a', 'c']);
  });

  it('keeps the reasons apart why a row is refused', async () => {
    await insert('a');
    const twice = insert('a');
    await expect(twice).rejects.toSatisfy((error) => isUniqueViolation(error) && !isForeignKeyViolation(error));
    const lost = database.insertInto('things').values({ name: 'b', part_of: 9 }).execute();
    await expect(lost).rejects.toSatisfy((error) => isForeignKeyViolation(error) && !isUniqueViolation(error));
    expect([isUniqueViolation(undefined), isUniqueViolation(new Error('x')), isForeignKeyViolation('x')]).toEqual([
      false,
      false,
      false,
    ]);
    // PostgreSQL's way to say it.
    expect(isUniqueViolation(Object.assign(new Error('x'), { code: '23505' }))).toBe(true);
    expect(isForeignKeyViolation(Object.assign(new Error('x'), { code: '23503' }))).toBe(true);
  });
});

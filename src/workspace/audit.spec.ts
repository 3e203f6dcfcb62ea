import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerSample } from '../../test/kit/workspace/samples.ts';
import { createSqlitePlace } from '../../test/kit/workspace/sqlite-place.ts';
import type { Workspace } from './index.ts';

describe('an audit trail that somebody changed in the database', () => {
  const place = createSqlitePlace();
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await place.empty();
    for (const name of ['a', 'b', 'c', 'd']) await registerSample(workspace, name);
  });
  afterEach(() => place.dispose());

  const change = (sql: string): void => {
    const database = new DatabaseSync(join(workspace.folder, 'workspace.db'));
    try {
      database.exec(sql);
    } finally {
      database.close();
    }
  };

  it.each<[string, string, number, string]>([
    ['a changed user', "update audit set user = 'eve' where number = 2", 2, 'content'],
    ['a changed subject', "update audit set subject = 'b:2' where number = 2", 2, 'content'],
    ['a changed outcome of the last one', "update audit set outcome = 'IN_USE' where number = 4", 4, 'content'],
    ['a changed time', "update audit set time = '2020' where number = 1", 1, 'content'],
    ['another hash', "update audit set hash = 'f' where number = 3", 3, 'content'],
    ['a removed entry', 'delete from audit where number = 3', 3, 'missing'],
    ['a removed first entry', 'delete from audit where number = 1', 1, 'missing'],
    ['a removed last entry', 'delete from audit where number = 4', 4, 'missing: there were 4'],
    ['all removed', 'delete from audit', 1, 'missing: there were 4'],
    [
      'an inserted entry at the end',
      'insert into audit select 5, time, user, origin, action, subject, outcome, hash from audit where number = 4',
      5,
      'content',
    ],
    [
      'entries in another order',
      'update audit set number = 9 where number = 2; update audit set number = 2 where number = 3; update audit set number = 3 where number = 9',
      2,
      'content',
    ],
    ['a trail that forgot its end', "delete from facts where name = 'audit'", 5, 'there are more'],
  ])('is found out by %s', async (_title, sql, number, reason) => {
    expect((await workspace.audit.verify()).broken).toBeUndefined();
    change(sql);
    expect((await workspace.audit.verify()).broken).toMatchObject({
      number,
      reason: expect.stringContaining(reason) as string,
    });
  });
});

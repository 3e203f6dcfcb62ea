import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerSample, sampleRun } from '../../test/kit/workspace/samples.ts';
import { createSqlitePlace } from '../../test/kit/workspace/sqlite-place.ts';
import type { Workspace } from './index.ts';

const place = createSqlitePlace();

describe('runs on other machines', () => {
  let workspace: Workspace;
  let database: DatabaseSync;
  beforeEach(async () => {
    workspace = await place.empty();
    const version = await registerSample(workspace, 'iris');
    await workspace.runs.create(sampleRun('one', version), version.id);
    database = new DatabaseSync(join(workspace.folder, 'workspace.db'), { timeout: 1000 });
    database.exec(`update runs set owner = '{"host": "elsewhere", "pid": 1}'`);
  });
  afterEach(async () => {
    database.close();
    await place.dispose();
  });

  it('are left alone when they just began, and ended when no sign of life followed', async () => {
    expect(await workspace.runs.endOrphans()).toEqual([]);
    database.exec('update runs set heartbeat_at = null');
    expect(await workspace.runs.endOrphans()).toMatchObject([{ id: 'one', status: 'Failed' }]);
  });

  it('are ended when their signs of life stopped, not before', async () => {
    database.exec("update runs set heartbeat_at = '2026-01-01T00:00:00.000Z'");
    await workspace.runs.heartbeat('one');
    expect(await workspace.runs.endOrphans()).toEqual([]);
    database.exec("update runs set heartbeat_at = '2026-01-01T00:00:00.000Z'");
    expect(await workspace.runs.endOrphans()).toMatchObject([
      {
        id: 'one',
        status: 'Failed',
        error: {
          code: 'RUN_LOST',
          message:
            'the process that drove the run, on `elsewhere`, has given no sign of life since 2026-01-01T00:00:00.000Z; the run was NotStarted',
        },
      },
    ]);
    const late = workspace.runs.update('one', { status: 'Completed' });
    await expect(late).rejects.toMatchObject({ code: 'FINISHED' });
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processPlace, processStartTime } from '../../src/io/index.ts';
import type { RunRecord } from '../../src/schema/index.ts';
import { openWorkspace } from '../../src/workspace/index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { registerSample, sampleRun } from '../kit/workspace/samples.ts';

/** Of the machine that drives a run, the workspace knows only what is in its row. */
describe('runs whose driver is not to be seen', () => {
  let sandbox: Sandbox;
  let script: ChildProcess;
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

  beforeEach(async () => {
    sandbox = await createSandbox();
    script = spawn('sleep', ['70'], { detached: true, stdio: 'ignore', env: { TERROIR_RUN_ID: 'calm_ibis_44444' } });
    const workspace = await openWorkspace(join(sandbox.folder, '.terroir'), { create: true, user: 'ada' });
    const version = await registerSample(workspace, 'iris');
    const started = { status: 'Running' as const, createdAt: minutesAgo(60), startedAt: minutesAgo(60) };
    await workspace.runs.create(sampleRun('calm_ibis_44444', version, started), version.id);
    await workspace.close();
  });
  afterEach(async () => {
    script.kill('SIGKILL');
    await sandbox.remove();
  });

  const setDriver = (owner: object, signOfLife: string): void => {
    const database = new DatabaseSync(join(sandbox.folder, '.terroir', 'workspace.db'), { timeout: 5000 });
    database.prepare('update runs set owner = ?, heartbeat_at = ?').run(JSON.stringify(owner), signOfLife);
    database.close();
  };
  const elsewhere = (): object => ({ host: 'elsewhere', pid: 1, script: { pid: script.pid } });

  it('are shown as running while they give signs of life', async () => {
    setDriver(elsewhere(), minutesAgo(1));
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    expect(items).toMatchObject([{ id: 'calm_ibis_44444', status: 'Running' }]);
  });

  it.each([['list'], ['show', 'calm'], ['logs', 'calm', '--follow']])(
    'are lost when they stopped, says `runs %s`, which ends no process of this machine',
    async (...words) => {
      setDriver(elsewhere(), minutesAgo(7));
      const outcome = await sandbox.run(['runs', ...words]);
      expect(outcome).toMatchObject({ exitCode: 0 });
      expect(outcome.stderr).toContain('the run calm_ibis_44444 was cut off; it is marked as Failed');
      expect(await sandbox.json(['runs', 'show', 'calm'])).toMatchObject({
        status: 'Failed',
        endedAt: expect.any(String) as string,
        error: {
          code: 'RUN_LOST',
          message: expect.stringMatching(
            /^the process that drove the run, on `elsewhere`, has given no sign of life since 2\S+Z; the run was Running$/,
          ) as string,
        },
      });
      expect(script.exitCode ?? script.signalCode).toBeNull();
    },
  );

  it('cannot be canceled when they are lost, which is said', async () => {
    setDriver(elsewhere(), minutesAgo(7));
    const outcome = await sandbox.run(['runs', 'cancel', 'calm']);
    expect(outcome.exitCode).toBe(5);
    expect(outcome.stderr).toContain('the run calm_ibis_44444 has ended already: Failed');
    expect(script.exitCode ?? script.signalCode).toBeNull();
  });

  it('are canceled on this machine where only the script is left', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    setDriver(
      {
        ...processPlace(),
        pid: gone.pid,
        startTime: '1',
        script: { pid: script.pid, startTime: processStartTime(script.pid ?? 0) },
      },
      minutesAgo(7),
    );
    expect(await sandbox.json(['runs', 'show', 'calm'])).toMatchObject({ status: 'Running' });
    const ended = once(script, 'exit');
    expect(await sandbox.json(['runs', 'cancel', 'calm'])).toMatchObject({
      status: 'Canceled',
      error: { code: 'CANCELED', message: 'the run was canceled; the process that drove it was gone already' },
    });
    await ended;
  });

  it('say where their results are when it turns out that they were not lost', async () => {
    await sandbox.write('own.yml', 'name: own\npython: { user_managed: true, interpreter_path: /usr/bin/python3 }\n');
    const program = 'import time; print("started", flush=True); time.sleep(4); print("ended")';
    const { child, outcome } = sandbox.start(['run', '--env', 'own.yml', '--', 'python3', '-c', program]);
    await once(child.stdout ?? child, 'data');
    setDriver({ host: 'elsewhere', pid: 1 }, minutesAgo(7));
    await sandbox.json(['runs', 'list']);
    const { exitCode, stdout, stderr } = await outcome;
    expect({ exitCode, stdout }).toEqual({ exitCode: 105, stdout: 'started\nended\n' });
    expect(stderr).toMatch(/the run \w+ was marked as lost while it went on; its result is not on record/);
    expect(stderr).toMatch(
      /Its outputs are in `\S+\/\.terroir\/runs\/\w+`, and `terroir runs logs \w+` prints its log/,
    );
  });
});

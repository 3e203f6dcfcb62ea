import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const patient = 'import time, sys; print("started", flush=True); time.sleep(60)';
const stubborn =
  'import signal, subprocess, sys, time; [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)]; subprocess.Popen([sys.executable, "-c", "import time; time.sleep(77)"]); print("started", flush=True); time.sleep(60)';

describe('runs that do not end by themselves', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startPypiIndex([makeWheel({ name: 'alpha', version: '1.0' })]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('requirements.txt', 'alpha\n');
    await sandbox.json(['env', 'prefix', 'requirements.txt']);
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  const begin = async (program: string, ...more: string[]) => {
    const started = sandbox.start(['run', '--env', 'requirements.txt', ...more, '--', 'python', '-c', program]);
    await new Promise<void>((resolve) => started.child.stdout?.on('data', () => resolve()));
    return started;
  };
  const latest = async (): Promise<RunRecord> =>
    (await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1'])).items[0] as RunRecord;
  const leftovers = async (text: string): Promise<string[]> => {
    const { execFileSync } = await import('node:child_process');
    return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(text) && !line.includes('ps -eo'));
  };

  it('ends the script on Ctrl-C, and records it as canceled', async () => {
    const { child, outcome } = await begin(patient);
    child.kill('SIGINT');
    expect((await outcome).exitCode).toBe(130);
    expect(await latest()).toMatchObject({ status: 'Canceled', signal: 'SIGINT', error: { code: 'CANCELED' } });
  });

  it('ends a stubborn script and what it started', async () => {
    const { outcome } = await begin(stubborn, '--timeout', '1');
    expect((await outcome).exitCode).toBe(137);
    expect(await latest()).toMatchObject({ status: 'Failed', signal: 'SIGKILL', error: { code: 'TIMEOUT' } });
    expect(await leftovers('time.sleep(77)')).toEqual([]);
  });

  it('cancels from another process', async () => {
    const { outcome } = await begin(patient);
    const { id } = await latest();
    expect(await sandbox.json(['runs', 'cancel', id])).toMatchObject({ id, status: 'Canceled' });
    expect((await outcome).exitCode).toBe(130);
    expect((await sandbox.run(['runs', 'cancel', id])).exitCode).toBe(5);
  });

  it('follows the log of a run until it ends', async () => {
    const { outcome } = await begin('import time; print("one", flush=True); time.sleep(1); print("two")');
    const { id } = await latest();
    expect((await sandbox.run(['runs', 'logs', id, '--follow'])).stdout).toBe('one\ntwo\n');
    await outcome;
  });

  it('leaves no script behind when it is killed, and says so afterwards', async () => {
    const { child, outcome } = await begin('import time; print("started", flush=True); time.sleep(88)');
    await delay(300);
    child.kill('SIGKILL');
    await outcome;
    await delay(300);
    expect(await leftovers('time.sleep(88)')).toEqual([]);
    const record = await latest();
    expect(record).toMatchObject({
      status: 'Failed',
      error: { message: expect.stringContaining('is gone; the run was Running') },
    });
    expect((await sandbox.run(['runs', 'logs', record.id])).stdout).toBe('started\n');
  });

  it('passes the script’s exit code and signals on', async () => {
    const run = async (program: string) =>
      (await sandbox.run(['run', '--env', 'requirements.txt', '--', 'python', '-c', program])).exitCode;
    expect(await run('raise SystemExit(7)')).toBe(7);
    expect(await run('import os; os.kill(os.getpid(), 11)')).toBe(139);
    expect(await latest()).toMatchObject({ status: 'Failed', signal: 'SIGSEGV' });
  });

  it('goes on, and keeps its log, when nobody reads its output any more', async () => {
    const program = 'import time\nfor i in range(20000): print(i, flush=True)\ntime.sleep(0.3)\nprint("end")';
    const { child, outcome } = await begin(program);
    child.stdout?.destroy();
    expect((await outcome).exitCode).toBe(0);
    const record = await latest();
    expect(record).toMatchObject({ status: 'Completed', exitCode: 0 });
    expect((await sandbox.run(['runs', 'logs', record.id])).stdout).toMatch(/^0\n1\n[^]*\n19999\nend\n$/);
  });

  it('a command without a record ends as in any pipe', async () => {
    const { child, outcome } = sandbox.start(['env', 'exec', 'requirements.txt', '--', 'yes']);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    child.stdout?.destroy();
    expect((await outcome).exitCode).toBe(141);
  });

  it.runIf(existsSync('/dev/full'))('says that what it prints does not fit on the disk', async () => {
    const terroir = join(import.meta.dirname, '../../bin/terroir.js');
    const child = spawnSync('sh', ['-c', 'exec "$0" "$1" env list > /dev/full', process.execPath, terroir], {
      env: { ...process.env, ...sandbox.env },
      encoding: 'utf8',
    });
    expect(child.status).toBe(8);
    expect(child.stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\nhint: .*\n$/);
  });

  it('passes bytes through as they are', async () => {
    const outcome = await sandbox.run([
      'run',
      '--env',
      'requirements.txt',
      '--',
      'python',
      '-c',
      'import sys; sys.stdout.write("x" * 3_000_000 + "end")',
    ]);
    expect(outcome.stdout.length).toBe(3_000_003);
    expect(outcome.stdout.endsWith('end')).toBe(true);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

/** So many times real processes are killed at a random moment of their life. */
const kills = 100;

describe('what the main job survives', () => {
  let index: PypiIndex;
  beforeAll(async () => {
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`alpha/part${at}.py`, `value = ${at}\n`.repeat(50)]),
    );
    index = await startPypiIndex([
      makeWheel({
        name: 'alpha',
        version: '1.0',
        files: { ...files, 'alpha/__init__.py': '__version__ = "1.0"\n' },
        requires: ['beta'],
      }),
      makeWheel({
        name: 'beta',
        version: '1.0',
        files: { 'beta/__init__.py': '', 'beta/data.bin': Buffer.alloc(400_000, 7) },
      }),
    ]);
  });
  afterAll(async () => {
    await index.close();
  });

  const prepare = async (): Promise<Sandbox> => {
    const sandbox = await createSandbox({ index: index.url });
    await sandbox.write('requirements.txt', 'alpha\n');
    return sandbox;
  };
  const program = [
    'run',
    '--env',
    'requirements.txt',
    '--',
    'python',
    '-c',
    'import alpha, alpha.part199, beta; print(alpha.part199.value)',
  ];
  const expectWhole = async (sandbox: Sandbox): Promise<void> => {
    expect(await sandbox.run(program)).toMatchObject({ exitCode: 0, stdout: '199\n' });
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1000']);
    for (const { status } of items) expect(['Completed', 'Failed', 'Canceled']).toContain(status);
  };

  it(`is killed ${kills} times at random moments, and the next run repairs everything`, {
    timeout: 900_000,
  }, async () => {
    const sandbox = await prepare();
    const whole = await (async () => {
      const startedAt = performance.now();
      await sandbox.run(program);
      return performance.now() - startedAt;
    })();
    const kill = async (round: number): Promise<void> => {
      // Now and then everything is gone, so that the kill hits resolving, fetching and unpacking too.
      const isCold = round % 4 === 0;
      if (isCold) rmSync(join(sandbox.env.TERROIR_HOME as string), { recursive: true, force: true });
      const { child, outcome } = sandbox.start(program);
      await delay(Math.random() * whole * (isCold ? 1 : 0.6));
      child.kill('SIGKILL');
      await outcome;
    };
    for (let round = 0; round < kills; round += 1) await kill(round);
    await expectWhole(sandbox);
    await sandbox.remove();
  });

  it('does the same twice at once', { timeout: 120_000 }, async () => {
    const sandbox = await prepare();
    const outcomes = await Promise.all(Array.from({ length: 6 }, async () => await sandbox.run(program)));
    for (const outcome of outcomes) expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0, stdout: '199\n' });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    expect(new Set(items.map(({ lockDigest }) => lockDigest)).size).toBe(1);
    expect(new Set(items.map(({ environment }) => environment.version)).size).toBe(1);
    expect(new Set(items.map(({ id }) => id)).size).toBe(6);
    await expectWhole(sandbox);
    await sandbox.remove();
  });

  it('says that the disk is full, and goes on when there is room', { timeout: 120_000 }, async () => {
    const sandbox = await prepare();
    const disk = join(sandbox.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'tmpfs', disk]);
    try {
      const full = await sandbox.run(program, { env: { TERROIR_HOME: disk } });
      expect(full.exitCode).toBe(108);
      expect(full.stderr).toContain('the disk is full');
      execFileSync('mount', ['-o', 'remount,size=100m', disk]);
      expect(await sandbox.run(program, { env: { TERROIR_HOME: disk } })).toMatchObject({
        exitCode: 0,
        stdout: '199\n',
      });
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
    await sandbox.remove();
  });

  it('goes on after a connection that breaks, and refuses other bytes than were locked', {
    timeout: 120_000,
  }, async () => {
    const sandbox = await prepare();
    index.break({ path: 'beta-1.0', kind: 'drop', after: 200, times: 1 });
    expect(await sandbox.run(program)).toMatchObject({ exitCode: 0 });
    rmSync(sandbox.env.TERROIR_HOME as string, { recursive: true, force: true });
    rmSync(join(sandbox.folder, '.terroir', 'registry', 'blobs'), { recursive: true, force: true });
    const real = makeWheel({ name: 'beta', version: '1.0', files: { 'beta/__init__.py': 'evil = True\n' } });
    index.publish(real);
    const refused = await sandbox.run(program);
    expect(refused.exitCode).toBe(107);
    expect(refused.stderr).toMatch(/digest|longer|bytes/);
    await sandbox.remove();
    index.publish(
      makeWheel({
        name: 'beta',
        version: '1.0',
        files: { 'beta/__init__.py': '', 'beta/data.bin': Buffer.alloc(400_000, 7) },
      }),
    );
  });

  it('finds and replaces what was damaged in the store', { timeout: 120_000 }, async () => {
    const sandbox = await prepare();
    await sandbox.run(program);
    const archives = execFileSync('find', [join(sandbox.env.TERROIR_HOME as string, 'v1', 'archives'), '-type', 'f'], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n');
    execFileSync('chmod', ['644', archives[0] as string]);
    rmSync(archives[0] as string);
    writeFileSync(archives[0] as string, 'not a wheel');
    const found = await sandbox.run(['cache', 'verify', '--json']);
    expect(found.exitCode).toBe(7);
    expect(JSON.parse(found.stdout)).toMatchObject({ damaged: [{ path: archives[0] }] });
    await expectWhole(sandbox);
    await sandbox.remove();
  });

  it('collects garbage, and keeps what a lock needs', async () => {
    const sandbox = await prepare();
    await sandbox.run(program);
    expect(await sandbox.json(['cache', 'gc', '--older-than', '0'])).toMatchObject({ removed: { count: 0 } });
    rmSync(join(sandbox.folder, '.terroir'), { recursive: true });
    mkdirSync(join(sandbox.folder, '.terroir'));
    const { removed } = await sandbox.json<{ removed: { count: number } }>(['cache', 'gc', '--older-than', '0']);
    expect(removed.count).toBeGreaterThan(3);
    await expectWhole(sandbox);
    await sandbox.remove();
  });
});

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

/** So many times real processes are killed at a random moment of their life. */
const kills = 12;

describe('what conda environments survive', () => {
  let channel: CondaChannel;
  let sandbox: Sandbox;
  let minor: string;
  beforeAll(async () => {
    const real = await realPackages();
    minor = real.python.minor;
    channel = await startCondaChannel(real.packages);
    sandbox = await createSandbox();
    await sandbox.write(
      'environment.yml',
      `channels: [${channel.url}]\ndependencies: [python=${minor}, where, cellar, tasting]\n`,
    );
  });
  afterAll(async () => {
    await channel.close();
    await sandbox.remove();
  });

  const program = [
    'env',
    'exec',
    'environment.yml',
    '--',
    'sh',
    '-c',
    'where-script && python -c "import tasting, json"',
  ];

  it(`is killed ${kills} times at random moments, and the next call repairs everything`, async () => {
    const home = sandbox.env.TERROIR_HOME as string;
    const startedAt = performance.now();
    expect((await sandbox.run(program)).exitCode).toBe(0);
    const whole = performance.now() - startedAt;
    for (let round = 0; round < kills; round += 1) {
      // Reading channels, fetching and unpacking; or making the prefix alone.
      rmSync(round % 2 === 0 ? home : join(home, 'v1', 'prefixes'), { recursive: true, force: true });
      const { child, outcome } = sandbox.start(program);
      await delay(Math.random() * whole);
      child.kill('SIGKILL');
      await outcome;
    }
    const outcome = await sandbox.run(program);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\/share\/where\n$/) });
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
    const checked = await sandbox.json<{ damaged: unknown[] }>(['env', 'prefix', 'environment.yml', '--verify']);
    expect(checked.damaged).toEqual([]);
    // Nothing half-made stays but what the next one takes up.
    expect(readdirSync(join(home, 'v1', 'prefixes'))).toHaveLength(1);
  });

  it('a channel that changes between the lock and the install serves what was locked, or says that it does not', async () => {
    const where = (await realPackages()).packages.find(({ filename }) => filename.startsWith('where-'));
    if (where === undefined) throw new Error('there is a package `where`');
    await sandbox.write('where.yml', `channels: [${channel.url}]\ndependencies: [where]\n`);
    await sandbox.json(['env', 'lock', 'where.yml']);
    channel.withdraw('main', where.filename);
    const env = { TERROIR_HOME: join(sandbox.folder, '..', 'elsewhere') };
    const gone = await sandbox.run(['env', 'prefix', 'where.yml'], { env });
    expect(gone.exitCode).toBe(8);
    expect(gone.stderr).toContain(where.filename);
    channel.publish('main', where);
    expect((await sandbox.run(['env', 'prefix', 'where.yml'], { env })).exitCode).toBe(0);
  });
});

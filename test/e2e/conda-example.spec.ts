import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

const real = await realPackages();
const skipped =
  real.without !== undefined
    ? ` (skipped: no index of Python packages answers: ${real.without.slice(0, 200)})`
    : real.python.minor === '3.11'
      ? ''
      : ` (skipped: this machine has no Python 3.11 to pack)`;

/** `examples/conda-iris`, as it is: its channel is the machine's alias plus a name, so that another server can stand in for it. */
describe('the conda example', () => {
  let channel: CondaChannel;
  let sandbox: Sandbox;
  beforeAll(async () => {
    channel = await startCondaChannel();
    for (const pkg of real.packages) channel.publish('conda-forge', pkg);
    sandbox = await createSandbox({ env: { TERROIR_CHANNEL_ALIAS: channel.origin } });
    for (const name of ['iris', 'conda-iris'])
      cpSync(join(import.meta.dirname, '..', '..', 'examples', name), join(sandbox.folder, 'examples', name), {
        recursive: true,
      });
  });
  afterAll(async () => {
    await channel.close();
    await sandbox.remove();
  });

  it.skipIf(skipped)(`does what the README says${skipped}`, async () => {
    expect((await sandbox.run(['env', 'create', 'examples/conda-iris/environment.yml'])).exitCode).toBe(0);
    const outcome = await sandbox.run(['run', 'examples/conda-iris/job.yml']);
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    expect(outcome.stdout).toMatch(/^accuracy: 0\.9\d\d \(five folds, 100 trees\)\nsaved the model: \d+ bytes\n$/);
    expect(outcome.stderr).toContain('Reading the channel conda-forge');
    expect(outcome.stderr).toContain('Solving for');
  });
});

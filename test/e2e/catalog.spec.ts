import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

const own = join(import.meta.dirname, '..', '..', 'catalog');

describe('curated environments', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox({ env: { TERROIR_CATALOG: own } });
  });
  afterEach(async () => await sandbox.remove());

  it('are in every workspace, with definition and fingerprint', async () => {
    const { items } = await sandbox.json<{ items: { name: string; category: string }[] }>(['env', 'list']);
    expect(items.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Terroir-minimal', 'Terroir-sklearn', 'Terroir-pytorch-cuda', 'Terroir-inference']),
    );
    expect(new Set(items.map(({ category }) => category))).toEqual(new Set(['curated']));
    const shown = await sandbox.json(['env', 'show', 'Terroir-sklearn']);
    expect(shown).toMatchObject({
      version: '1',
      category: 'curated',
      definition: { image: 'python:3.12-slim-bookworm' },
    });
    // Once: a second look finds them there.
    expect((await sandbox.json<{ items: unknown[] }>(['env', 'list'])).items).toHaveLength(items.length);
  });

  it('are changed by a clone, which is no curated one, and not under their name', async () => {
    const clone = await sandbox.json(['env', 'clone', 'Terroir-sklearn', 'mine', '--add', 'xgboost-cpu']);
    expect(clone).toMatchObject({ name: 'mine', version: '1', category: 'system_managed' });
    await sandbox.write('environment.yml', 'name: Terroir-sklearn\nrequirements: [numpy]\n');
    const refused = await sandbox.run(['env', 'create', 'environment.yml']);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toMatch(/can not start with the prefix Terroir-/);
    expect(refused.stderr).toMatch(/terroir env clone/);
    const submitted = await sandbox.run(['run', '--env', 'environment.yml', '--', 'true']);
    expect(submitted.exitCode).toBe(103);
  });

  it('are not there for who wants none, and a broken catalogue says so', async () => {
    const none = { env: { TERROIR_CATALOG: 'none' } };
    expect((await sandbox.json<{ items: unknown[] }>(['env', 'list'], none)).items).toEqual([]);
    await sandbox.write('broken/index.json', '{"digest": ');
    const result = await sandbox.run(['env', 'list'], { env: { TERROIR_CATALOG: join(sandbox.folder, 'broken') } });
    expect(result.stderr).toMatch(/catalogue .*broken\/index\.json` cannot be read/);
  });
});

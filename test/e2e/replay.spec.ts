import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

/** A Python of the machine's: there is nothing to lock and nothing to fetch. */
const own = 'name: own\npython: { user_managed: true }\n';

describe('a run and its repetition', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
    await sandbox.write('own.yml', own);
  });
  afterAll(async () => {
    await sandbox.remove();
  });

  const lastRun = async (): Promise<RunRecord> => {
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1']);
    return items[0] as RunRecord;
  };

  it('write to a place with the run’s id in it, and leave the outputs of others alone', async () => {
    await sandbox.write(
      'placed.yml',
      'command: echo ${{name}} > ${{outputs.text}}\nenvironment: file:own.yml\n' +
        'outputs:\n  text: { type: uri_file, path: "out/${{ name }}/text.txt" }\n',
    );
    const paths: string[] = [];
    for (let time = 0; time < 2; time += 1) {
      expect(await sandbox.run(['run', 'placed.yml'])).toMatchObject({ exitCode: 0 });
      const { id, outputs } = await lastRun();
      expect(outputs.text).toMatchObject({ path: join(sandbox.folder, 'out', id, 'text.txt'), files: 1 });
      expect(await sandbox.read(`out/${id}/text.txt`)).toBe(`${id}\n`);
      paths.push(outputs.text?.path ?? '');
    }
    expect(new Set(paths).size).toBe(2);
    expect(existsSync(join(sandbox.folder, 'out', '${{name}}'))).toBe(false);
  });

  it('have an optional input without a value', async () => {
    await sandbox.write(
      'optional.yml',
      'command: echo trees ${{inputs.trees}} $[[--seed ${{inputs.seed}}]]\nenvironment: file:own.yml\n' +
        'inputs:\n  trees: 3\n  seed: { type: integer, optional: true }\n',
    );
    expect(await sandbox.run(['run', 'optional.yml'])).toMatchObject({ exitCode: 0, stdout: 'trees 3\n' });
    const { id } = await lastRun();
    expect(await sandbox.run(['runs', 'replay', id])).toMatchObject({ exitCode: 0, stdout: 'trees 3\n' });
    await sandbox.run(['run', 'optional.yml', '--input', 'seed=7']);
    expect(await sandbox.run(['runs', 'replay', (await lastRun()).id])).toMatchObject({ stdout: 'trees 3 --seed 7\n' });
  });
});

import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelRecord, RunRecord } from '../../src/schema/index.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const script = `
import os, pathlib, sys
import grape, vine
print("grape", grape.__version__, "trees", sys.argv[1])
print("token", len(os.environ["API_TOKEN"]), file=sys.stderr)
pathlib.Path(sys.argv[2], "model.bin").write_bytes(b"model" * 1000)
pathlib.Path("outputs/note.txt").write_text("beside the named output")
`;

const job = `
display_name: harvest
code: code
command: >-
  python train.py \${{inputs.trees}} \${{outputs.model}}
environment: file:environment.yml
environment_variables:
  API_TOKEN: secret:MY_TOKEN
  PLAIN: hello
inputs:
  trees: 100
  data:
    type: uri_file
    path: data.csv
outputs:
  model:
    type: uri_folder
tags: { team: vines }
`;

describe('the main job', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  const env = { MY_TOKEN: 'very-secret-value', PYTHONPATH: '/nowhere', CONDA_PREFIX: '/opt/conda' };

  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'grape', version: '1.0' }),
      makeWheel({ name: 'grape', version: '1.5', requires: ['vine>=2'] }),
      makeWheel({
        name: 'vine',
        version: '2.1',
        entryPoints: { console_scripts: { prune: 'vine:main' } },
        files: { 'vine/__init__.py': 'def main():\n    print("pruned")\n' },
      }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write(
      'environment.yml',
      'name: cellar\nrequirements:\n  - grape\nenvironment_variables:\n  SEASON: autumn\n',
    );
    await sandbox.write('code/train.py', script);
    await sandbox.write('code/.env', 'PASSWORD=never');
    await sandbox.write('data.csv', '1,2\n');
    await sandbox.write('job.yml', job);
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  let first: RunRecord;

  it('registers, locks, fetches, makes the environment and runs the script', async () => {
    const outcome = await sandbox.run(['run', 'job.yml'], { env });
    expect(outcome.stderr).toContain('registered cellar:1');
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'grape 1.5 trees 100\n' });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    expect(items).toHaveLength(1);
    first = items[0] as RunRecord;
  });

  it('records what was used, and no secret', async () => {
    const record = await sandbox.json<RunRecord>(['runs', 'show', first.id]);
    expect(record).toMatchObject({
      status: 'Completed',
      exitCode: 0,
      displayName: 'harvest',
      tags: { team: 'vines' },
      environment: { name: 'cellar', version: '1' },
      target: 'local',
      inputs: { trees: { value: 100 }, data: { type: 'uri_file', digest: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      outputs: { model: { path: 'outputs/model', files: 1, size: 5000 } },
      environmentVariables: {
        PLAIN: 'hello',
        SEASON: 'autumn',
        API_TOKEN: { secret: expect.stringMatching(/^[0-9a-f]{16}$/), from: 'MY_TOKEN' },
      },
      removedVariables: ['CONDA_CHANNEL_ALIAS', 'CONDA_PREFIX', 'PYTHONPATH'],
      lockRevision: 1,
      createdBy: 'ada',
    });
    expect(record.snapshot?.files).toBe(1);
    expect(record.notes.join()).toContain('.env');
    expect(record.resources?.wall).toBeGreaterThan(0);
    expect(JSON.stringify(record)).not.toContain('very-secret-value');
    const database = readFileSync(join(sandbox.folder, '.terroir', 'workspace.db')).toString('latin1');
    expect(database).not.toContain('very-secret-value');
  });

  it('keeps the log, in whole lines', async () => {
    const { stdout } = await sandbox.run(['runs', 'logs', first.id]);
    // Which of two streams was first, nobody can tell who reads both.
    expect(stdout.split('\n').sort()).toEqual(['', 'grape 1.5 trees 100', 'token 17']);
  });

  it('is cached the second time, also when a newer package is out', async () => {
    index.publish(makeWheel({ name: 'grape', version: '2.0' }));
    const outcome = await sandbox.run(['run', 'job.yml', '--input', 'trees=7'], { env });
    expect(outcome.stdout).toBe('grape 1.5 trees 7\n');
    expect(outcome.stderr).toMatch(/Environment of 2 packages \(cached/);
    expect(outcome.stderr).not.toContain('Resolving');
  });

  it('registers the model, and tells the environment that trained it', async () => {
    const model = await sandbox.json<ModelRecord>([
      'model',
      'register',
      '--run',
      first.id,
      '--name',
      'wine',
      '--path',
      'outputs/model',
    ]);
    expect(model).toMatchObject({ name: 'wine', version: '1', files: 1, size: 5000, runId: first.id });
    const shown = await sandbox.json(['model', 'show', 'wine:1']);
    expect(shown).toMatchObject({
      environment: { name: 'cellar', version: '1', fingerprint: first.environment.fingerprint },
      lockDigest: first.lockDigest,
      run: first.id,
    });
  });

  it('replays with the same packages after code, store and index are gone', async () => {
    await sandbox.write('code/train.py', 'raise SystemExit("changed")');
    await rm(sandbox.env.TERROIR_HOME as string, { recursive: true, force: true });
    await index.close();
    const outcome = await sandbox.run(['runs', 'replay', first.id], { env });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'grape 1.5 trees 100\n' });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1']);
    expect(items[0]).toMatchObject({
      replayOf: first.id,
      lockDigest: first.lockDigest,
      snapshot: { digest: first.snapshot?.digest },
    });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

const token = `hf_${'aB3d'.repeat(8)}`;
const mark = /\(secret, [0-9a-f]{16}\)/;

describe('secrets in a command', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
    await sandbox.write('own.yml', 'name: own\npython: { user_managed: true }\n');
  });
  afterAll(async () => {
    await sandbox.remove();
  });

  const lastRun = async (): Promise<RunRecord> => {
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1']);
    return items[0] as RunRecord;
  };
  /** The log is the script's own. */
  const database = (): string => readFileSync(join(sandbox.folder, '.terroir', 'workspace.db')).toString('latin1');

  it('reach the script and not the record, and are told', async () => {
    const command = ['--', 'sh', '-c', 'echo "$1" "$2"', 'sh', '--token', token];
    const outcome = await sandbox.run(['run', '--env', 'own.yml', ...command]);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `--token ${token}\n` });
    expect(outcome.stderr).toContain('looks like a secret');
    expect(outcome.stderr).toContain('--var NAME=secret:NAME');
    const run = await lastRun();
    expect(run.command.at(-1)).toMatch(mark);
    expect(run.executed).toEqual(run.command);
    expect(JSON.stringify(run)).not.toContain(token);
    expect(database()).not.toContain(token);
  });

  it('are asked for by a repetition, and found by their hashes whatever they are called', async () => {
    const run = await lastRun();
    const refused = await sandbox.run(['runs', 'replay', run.id]);
    expect(refused.exitCode).toBe(102);
    expect(refused.stderr).toContain('on record only as hashes: after `--token` in its command');
    const again = await sandbox.run(['runs', 'replay', run.id], { env: { OTHER: 'x', ANYTHING: token } });
    expect(again).toMatchObject({ exitCode: 0, stdout: `--token ${token}\n` });
    expect((await lastRun()).command).toEqual(run.command);
  });

  it('are those of a job’s inputs, too', async () => {
    await sandbox.write(
      'job.yml',
      'command: echo ${{inputs.api_key}} ${{inputs.trees}} --password "p q r s"\nenvironment: file:own.yml\n' +
        'inputs:\n  api_key: not-very-random\n  trees: 3\n',
    );
    const stdout = 'not-very-random 3 --password p q r s\n';
    expect(await sandbox.run(['run', 'job.yml'])).toMatchObject({ exitCode: 0, stdout });
    const { id, inputs, command, executed } = await lastRun();
    expect(inputs).toMatchObject({ api_key: { value: expect.stringMatching(mark) }, trees: { value: 3 } });
    expect([command, ...executed].join(' ')).not.toMatch(/not-very-random|p q r s/);
    const refused = await sandbox.run(['runs', 'replay', id], { env: { PASSWORD: 'p q r s' } });
    expect(refused.stderr).toContain('on record only as hashes: the input `api_key`');
    const env = { PASSWORD: 'p q r s', KEY: 'not-very-random' };
    expect(await sandbox.run(['runs', 'replay', id], { env })).toMatchObject({ exitCode: 0, stdout });
  });

  it('are nothing that a shell or a placeholder inserts', async () => {
    const words = ['--', 'sh', '-c', 'echo --token $TOKEN'];
    const outcome = await sandbox.run(['run', '--env', 'own.yml', '--var', 'TOKEN=secret:MINE', ...words], {
      env: { MINE: token },
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `--token ${token}\n` });
    expect(outcome.stderr).not.toContain('looks like a secret');
    const run = await lastRun();
    expect(run.command.at(-1)).toBe('echo --token $TOKEN');
    expect(database()).not.toContain(token);
  });
});

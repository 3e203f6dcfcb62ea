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

  it('leave what the first one wrote to a place of the user’s, and say so', async () => {
    await sandbox.write(
      'kept.yml',
      'command: echo ${{name}} > ${{outputs.text}}\nenvironment: file:own.yml\n' +
        'outputs:\n  text: { type: uri_file, path: kept/text.txt }\n',
    );
    await sandbox.run(['run', 'kept.yml']);
    const { id } = await lastRun();
    const outcome = await sandbox.run(['runs', 'replay', id]);
    expect(outcome.stderr).toContain(`the output \`text\` of the run ${id} is in \`${sandbox.folder}/kept/text.txt\``);
    expect(await sandbox.read('kept/text.txt')).toBe(`${id}\n`);
    const again = await lastRun();
    expect(again).toMatchObject({ replayOf: id, outputs: { text: { path: 'outputs/text', files: 1 } } });
    expect(again.notes.join()).toContain('is left alone');
  });

  describe('have variables', () => {
    const show = ['--', 'sh', '-c', 'echo $API_KEY $INDEX'];
    beforeAll(async () => {
      await sandbox.write(
        'variables.yml',
        `${own.replace('own', 'variables')}environment_variables:\n  API_KEY: of-the-definition\n  INDEX: https://me:pw@host.example/simple\n`,
      );
    });

    it('of the definition, for which the caller need have nothing', async () => {
      const first = await sandbox.run(['run', '--env', 'variables.yml', ...show]);
      const stdout = 'of-the-definition https://me:pw@host.example/simple\n';
      expect(first).toMatchObject({ exitCode: 0, stdout });
      const { id, environmentVariables } = await lastRun();
      expect(JSON.stringify(environmentVariables)).not.toMatch(/of-the-definition|me:pw/);
      expect(await sandbox.run(['runs', 'replay', id])).toMatchObject({ exitCode: 0, stdout });
      const own = { env: { API_KEY: 'of the caller', INDEX: 'https://other.example' } };
      expect(await sandbox.run(['runs', 'replay', id], own)).toMatchObject({ exitCode: 0, stdout });
    });

    it('of the job, and name all that is missing', async () => {
      const given = ['--var', 'API_KEY=of-the-job', '--var', 'INDEX=https://you:pw2@host.example/simple'];
      await sandbox.run(['run', '--env', 'variables.yml', ...given, ...show]);
      const { id, environmentVariables } = await lastRun();
      expect(environmentVariables.INDEX).toMatchObject({ shown: 'https://host.example/simple' });
      const refused = await sandbox.run(['runs', 'replay', id]);
      expect(refused.exitCode).toBe(102);
      expect(refused.stderr).toMatch(/`API_KEY`, `INDEX` \(`https:\/\/host\.example\/simple`, with the user info/);
      expect(refused.stderr).toContain('Set API_KEY, INDEX in your environment');
      const env = { API_KEY: 'of-the-job', INDEX: 'https://you:other@host.example/simple' };
      const again = await sandbox.run(['runs', 'replay', id], { env });
      expect(again.stdout).toBe('of-the-job https://you:other@host.example/simple\n');
      expect(again.stderr).toContain('the secret `INDEX` is another one than in the run');
      expect(again.stderr).not.toContain('the secret `API_KEY` is another one');
    });
  });
});

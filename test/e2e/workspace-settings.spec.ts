import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

interface Report {
  items: { state: string; subject: string; message: string; remedy?: string }[];
}

describe('the settings of a workspace', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  const grape = makeWheel({ name: 'grape', version: '1.0' });
  const hash = createHash('sha256').update(grape.bytes).digest('hex');
  const command = ['run', '--env', 'requirements.txt', '--', 'python', '-c', 'import grape; print("ran")'];
  const keptPath = (): string => join(sandbox.folder, '.terroir/registry/blobs/sha256', hash.slice(0, 2), hash);

  beforeAll(async () => {
    index = await startPypiIndex([grape]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('requirements.txt', 'grape\n');
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  it('`keep_archives: false`: a completed run leaves no archive in the workspace', async () => {
    await sandbox.write('.terroir/settings.yml', 'keep_archives: false\n');
    expect(await sandbox.run(command)).toMatchObject({ exitCode: 0, stdout: 'ran\n' });
    expect(existsSync(keptPath())).toBe(false);
  });

  it('by default it keeps them, also of a lock that ran before without', async () => {
    await rm(join(sandbox.folder, '.terroir/settings.yml'));
    expect(await sandbox.run(command)).toMatchObject({ exitCode: 0 });
    expect(existsSync(keptPath())).toBe(true);
  });

  it('a wrong file ends a run before its script starts, and no record of it is made', async () => {
    const before = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    await sandbox.write('.terroir/settings.yml', 'keep_archive: false\n');
    const outcome = await sandbox.run(command);
    expect(outcome).toMatchObject({ exitCode: 103, stdout: '' });
    expect(outcome.stderr).toContain(`${sandbox.folder}/.terroir/settings.yml:1:1: unknown key \`keep_archive\``);
    expect(outcome.stderr).toContain('Did you mean `keep_archives`?');
    expect(await sandbox.json(['runs', 'list'])).toEqual(before);
  });

  it('are shown by `doctor`', async () => {
    const settings = async (): Promise<Report['items'][number] | undefined> => {
      const { stdout } = await sandbox.run(['doctor', '--offline', '--json']);
      return (JSON.parse(stdout) as Report).items.find(({ subject }) => subject === 'settings');
    };
    const path = join(sandbox.folder, '.terroir/settings.yml');
    expect(await settings()).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('unknown key') as string,
    });
    await sandbox.write('.terroir/settings.yml', 'keep_archives: false\n');
    expect(await settings()).toMatchObject({
      state: 'ok',
      message: `${path}; keep_archives: false, global_registry: none`,
    });
    await rm(path);
    expect(await settings()).toMatchObject({
      state: 'ok',
      message: `no \`${path}\`: the defaults hold; keep_archives: true, global_registry: none`,
    });
  });
});

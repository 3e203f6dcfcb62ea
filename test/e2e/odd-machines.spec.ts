import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const terroir = join(import.meta.dirname, '../../bin/terroir.js');

describe('a machine where something is odd', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha.bin': randomBytes(900_000) } }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('r.txt', 'alpha\n');
    await sandbox.json(['env', 'lock', 'r.txt']);
    await sandbox.write('file', '');
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  const inShell = async (script: string, ...args: string[]): Promise<[status: number, stderr: string]> =>
    await new Promise((resolve) => {
      const words = ['-c', `${script}; exec "$0" "$@"`, process.execPath, terroir, ...args];
      execFile('bash', words, { cwd: sandbox.folder, env: sandbox.env }, (error, _, stderr) =>
        resolve([Number(error?.code ?? 0), stderr]),
      );
    });

  it('says that the current folder was removed', async () => {
    expect(await inShell('mkdir gone && cd gone && rmdir ../gone', 'env', 'list')).toEqual([
      4,
      expect.stringContaining('error: the current folder does not exist any more\nhint: Go to another one'),
    ]);
  });

  it('says that the store’s place is a file', async () => {
    const outcome = await sandbox.run(['env', 'prefix', 'r.txt'], {
      env: { TERROIR_HOME: join(sandbox.folder, 'file') },
    });
    expect(outcome.exitCode).toBe(5);
    expect(outcome.stderr).toMatch(
      /error: cannot make the folder `.*\/file\/v1\/locks`: there is something else of that name/,
    );
  });

  it('says that the system lets no file be so large', async () => {
    expect(await inShell('ulimit -f 300', 'env', 'prefix', 'r.txt')).toEqual([
      8,
      expect.stringContaining('the system lets no file be so large'),
    ]);
  });
});

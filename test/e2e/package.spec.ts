import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const root = join(import.meta.dirname, '..', '..');

/** Asynchronous: the index answers from this process. */
const execute = promisify(execFile);

describe('the published package', () => {
  let folder: string;
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'terroir-package-'));
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, stdio: 'ignore' });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    // Without the optional Node: the one that runs the tests will do, and no registry is asked.
    execFileSync(
      'npm',
      [
        'install',
        '--silent',
        '--no-audit',
        '--no-fund',
        '--omit=optional',
        '--offline',
        '--prefix',
        folder,
        join(folder, tarball),
      ],
      { stdio: 'ignore' },
    );
    index = await startPypiIndex([makeWheel({ name: 'alpha', version: '1.0' })]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('requirements.txt', 'alpha\n');
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs a script like the sources do, fetching and unpacking included', async () => {
    const terroir = join(folder, 'node_modules', 'terroir', 'bin', 'terroir.js');
    const run = async (...args: string[]): Promise<string> => {
      const { stdout } = await execute(process.execPath, [terroir, ...args], { cwd: sandbox.folder, env: sandbox.env });
      return stdout;
    };
    expect(await run('--version')).toMatch(/^terroir \d+\.\d+\.\d+\n$/);
    const program = 'import alpha; print(alpha.__version__)';
    expect(await run('run', '--env', 'requirements.txt', '--', 'python', '-c', program)).toBe('1.0\n');
    expect(await run('cache', 'verify')).toContain('0 damaged');
  });
});

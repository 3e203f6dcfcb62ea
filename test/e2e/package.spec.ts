import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CondaServer, condaRecord, startCondaServer } from '../kit/conda-records.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const root = join(import.meta.dirname, '..', '..');

/** Asynchronous: the index answers from this process. */
const execute = promisify(execFile);

describe('the published package', () => {
  let folder: string;
  let index: PypiIndex;
  let channels: CondaServer;
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
    channels = await startCondaServer();
    channels.channel('conda-forge', [condaRecord('alpha', '1.0', { depends: ['beta'] }), condaRecord('beta', '1.0')]);
    sandbox = await createSandbox({ index: index.url, env: { CONDA_CHANNEL_ALIAS: channels.url } });
    await sandbox.write('requirements.txt', 'alpha\n');
  });
  afterAll(async () => {
    await index.close();
    await channels.close();
    await sandbox.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (...args: string[]): Promise<string> => {
    const terroir = join(folder, 'node_modules', 'terroir', 'bin', 'terroir.js');
    const { stdout } = await execute(process.execPath, [terroir, ...args], { cwd: sandbox.folder, env: sandbox.env });
    return stdout;
  };

  it('runs a script like the sources do, fetching and unpacking included', async () => {
    expect(await run('--version')).toMatch(/^terroir \d+\.\d+\.\d+\n$/);
    const program = 'import alpha; print(alpha.__version__)';
    expect(await run('run', '--env', 'requirements.txt', '--', 'python', '-c', program)).toBe('1.0\n');
    expect(await run('cache', 'verify')).toContain('0 damaged');
  });

  it('is a library, with types that stand for themselves', async () => {
    const program = [
      "import { connect, type Run } from 'terroir';",
      "const terroir = await connect('workspace');",
      "const { name, version } = await terroir.register({ text: 'name: own\\npython: {user_managed: true}\\n' });",
      "const run: Run = await terroir.run({ environment: name, command: ['echo', version] });",
      'for await (const text of terroir.logs(run.id)) process.stdout.write(text);',
      'await terroir.close();',
    ];
    writeFileSync(join(folder, 'program.mts'), program.join('\n'));
    const options = { cwd: folder, env: sandbox.env };
    expect((await execute(process.execPath, ['program.mts'], options)).stdout).toBe('1\n');
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--typeRoots'];
    await execute(tsc, [...strict, join(root, 'node_modules', '@types'), '--types', 'node', 'program.mts'], options);
  });

  it('solves conda definitions: the solver and its thread are in the package', async () => {
    await sandbox.write('environment.yml', 'dependencies: [alpha]\n');
    const list = await run('env', 'lock', 'environment.yml', '--export', 'explicit');
    expect(list.match(/[^/]+\.conda/g)).toEqual(['beta-1.0-0.conda', 'alpha-1.0-0.conda']);
  });
});

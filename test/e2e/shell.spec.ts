import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const terroir = join(import.meta.dirname, '../../bin/terroir.js');

describe('an environment for people', { timeout: 60_000 }, () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'hills', version: '3.0' }),
      makeWheel({ name: 'ipykernel', version: '6.0' }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('hills.yml', 'name: hills\nrequirements: [hills, ipykernel]\n');
    await sandbox.json(['env', 'create', 'hills.yml']);
    await sandbox.json(['env', 'prefix', 'hills']);
    // Start-up files as people have them: something else comes first on PATH, and zsh's are in a folder of their own.
    const home = join(sandbox.folder, '..', 'home');
    mkdirSync(join(home, 'zsh'));
    const first = 'PATH="/usr/bin:$PATH"; MINE=yes\n';
    writeFileSync(join(home, '.bashrc'), first);
    writeFileSync(join(home, '.zshenv'), 'ZDOTDIR="$HOME/zsh"\n');
    writeFileSync(join(home, 'zsh', '.zshrc'), first);
  });
  afterAll(async () => {
    await sandbox.remove();
    await index.close();
  });

  /** At a terminal, as `script` makes one. */
  const type = async (shell: string, lines: string[]): Promise<{ exitCode: number | null; output: string }> => {
    const words = [process.execPath, terroir, 'env', 'shell', 'hills'].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], {
      cwd: sandbox.folder,
      env: { ...sandbox.env, SHELL: shell, TERM: 'dumb' },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.stdin.end(`${lines.join('\n')}\n`);
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { exitCode, output };
  };

  it.each(['bash', 'zsh', 'sh'])('opens in %s, first on PATH, and passes the exit code on', async (name) => {
    const shell = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'hills']);
    const { exitCode, output } = await type(shell, [
      'echo "in $TERROIR_ENVIRONMENT: $(command -v python), mine: ${MINE-no}"',
      'exit 3',
    ]);
    const mine = name === 'sh' ? 'no' : 'yes';
    expect(output).toContain(`in hills:1: ${prefix}/bin/python, mine: ${mine}`);
    expect(exitCode).toBe(3);
  });

  it('is refused where nobody sits', async () => {
    const { exitCode, stderr } = await sandbox.run(['env', 'shell', 'hills']);
    expect([exitCode, stderr]).toEqual([102, expect.stringContaining('env exec')]);
  });

  it('is a kernel for Jupyter', async () => {
    const { folder, name } = await sandbox.json<{ folder: string; name: string }>(['env', 'kernel', 'hills']);
    expect(name).toBe('terroir-hills-1');
    const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'hills']);
    const { argv, env } = JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8')) as {
      argv: string[];
      env: Record<string, string>;
    };
    expect(argv).toEqual([`${prefix}/bin/python`, '-m', 'ipykernel_launcher', '-f', '{connection_file}']);
    expect(env.PATH?.split(':')[0]).toBe(join(prefix, 'bin'));
    expect(dirname(folder)).toMatch(/jupyter\/kernels$/);
    await sandbox.json(['env', 'kernel', 'hills', '--remove']);
    expect(() => readFileSync(join(folder, 'kernel.json'))).toThrow('ENOENT');
  });
});

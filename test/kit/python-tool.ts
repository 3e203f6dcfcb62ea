import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from '../../src/io/index.ts';

const run = promisify(execFile);
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terroir-test', 'python-tools');

/** A program that is published as a Python package: installed once, into a folder that test runs share. Undefined where that cannot be done. */
export async function pythonTool(name: string, version: string): Promise<string | undefined> {
  const folder = join(cache, `${name}-${version}`);
  const file = join(folder, 'bin', name);
  const done = join(folder, 'installed');
  if (existsSync(done)) return file;
  mkdirSync(cache, { recursive: true });
  return await withFileLock(join(cache, 'lock'), async () => {
    if (existsSync(done)) return file;
    rmSync(folder, { recursive: true, force: true });
    try {
      await run('python3', ['-m', 'venv', folder]);
      const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`];
      await run(join(folder, 'bin', 'python'), words, { timeout: 120_000 });
    } catch {
      return undefined;
    }
    writeFileSync(`${done}.tmp`, '');
    renameSync(`${done}.tmp`, done);
    return file;
  });
}

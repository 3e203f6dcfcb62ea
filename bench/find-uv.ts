import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './workloads.ts';

/** TERROIR_UV, else the machine's, else one that is fetched once. */
export function findUv(): string {
  const named = process.env.TERROIR_UV;
  if (named) return named;
  try {
    return execFileSync('sh', ['-c', 'command -v uv'], { encoding: 'utf8' }).trim();
  } catch {
    const folder = join(cache, 'uv');
    if (!existsSync(join(folder, 'bin', 'uv'))) {
      execFileSync('python3', ['-m', 'venv', folder]);
      execFileSync(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '-q', 'uv==0.13.9'], { stdio: 'inherit' });
    }
    return join(folder, 'bin', 'uv');
  }
}

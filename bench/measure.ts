import { spawn } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** Seconds of wall time, and peak memory in bytes where /usr/bin/time tells. */
export interface Measurement {
  seconds: number;
  memory: number | undefined;
}

/** Runs a command to its end and measures it from outside. Throws with what it printed if it fails. */
export async function measure(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
): Promise<Measurement> {
  const startedAt = performance.now();
  const child = spawn('/usr/bin/time', ['-f', 'peak %M', command, ...args], {
    env,
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${stderr}`);
  const peak = /peak (\d+)/.exec(stderr)?.[1];
  return {
    seconds: (performance.now() - startedAt) / 1000,
    memory: peak === undefined ? undefined : Number(peak) * 1024,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function machineShape(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.versions.node}`;
}

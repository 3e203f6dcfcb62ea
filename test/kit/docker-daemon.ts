import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DockerDaemon {
  /** `DOCKER_HOST`. */
  host: string;
  stop(): Promise<void>;
}

/** A Docker daemon of the test's own: its images and containers go with it. It needs root. Undefined where it does not start. */
export async function startDockerDaemon(): Promise<DockerDaemon | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-docker-'));
  const socket = join(folder, 'docker.sock');
  let said = '';
  const daemon = spawn(
    'dockerd',
    [
      '--iptables=false',
      '--bridge=none',
      `--host=unix://${socket}`,
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--pidfile=${folder}/pid`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  daemon.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => {
    daemon.once('error', () => resolve());
    daemon.once('exit', () => resolve());
  });
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await Promise.race([ended, sleep(15_000)]);
    daemon.kill('SIGKILL');
    // It leaves mounts behind when it is stopped, and what is mounted cannot be removed.
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(folder)).reverse())
      spawnSync('umount', ['--lazy', mount], { stdio: 'ignore' });
    await rm(folder, { recursive: true, force: true });
  };
  for (let waited = 0; waited < 300 && daemon.pid !== undefined && daemon.exitCode === null; waited += 1) {
    if (existsSync(socket) && said.includes('API listen on')) return { host: `unix://${socket}`, stop };
    await sleep(100);
  }
  await stop();
  return undefined;
}

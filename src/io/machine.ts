import { readFileSync } from 'node:fs';
import { arch, cpus, type as osType, platform, release, totalmem } from 'node:os';
import type { MachineFacts, Platform } from '../schema/index.ts';
import { runProcess } from './process.ts';

/** conda's name for this machine, or undefined where Terroir does not run. */
export function currentPlatform(): Platform | undefined {
  const key = `${platform()}-${arch()}`;
  const names: Record<string, Platform> = {
    'linux-x64': 'linux-64',
    'linux-arm64': 'linux-aarch64',
    'darwin-x64': 'osx-64',
    'darwin-arm64': 'osx-arm64',
    'win32-x64': 'win-64',
  };
  return names[key];
}

/** Who we are, by number; undefined for root, and where there are no numbers. */
export function userIds(): { uid: number; gid: number } | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { uid, gid };
}

/** "2.36" for glibc; undefined with musl and where there is no libc to ask. */
export function libcVersion(): string | undefined {
  const { report: asked } = process as { report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  // What the network is takes half of the time, and is of no interest.
  if (asked !== undefined) asked.excludeNetwork = true;
  const report = asked?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}

/** What a run's record tells of its machine. Asks the NVIDIA driver if there is one. */
export async function machineFacts(env: Record<string, string | undefined>): Promise<MachineFacts> {
  const gpu = await nvidia(env);
  return {
    platform: currentPlatform() ?? `${platform()}-${arch()}`,
    os: osRelease() ?? osType(),
    kernel: release(),
    libc: libc(),
    cpu: cpus()[0]?.model.trim() ?? arch(),
    cores: cpus().length,
    memory: totalmem(),
    gpus: gpu.gpus,
    gpuDriver: gpu.driver,
  };
}

/** The highest CUDA version that the NVIDIA driver can run ("12.4"); undefined without a driver. */
export async function cudaVersion(env: Record<string, string | undefined>): Promise<string | undefined> {
  if (platform() !== 'linux') return undefined;
  try {
    const { exitCode, stdout } = await runProcess('nvidia-smi', [], { env, timeout: 10_000 });
    return exitCode === 0 ? /CUDA Version:\s*(\d+(?:\.\d+)*)/.exec(stdout)?.[1] : undefined;
  } catch {
    return undefined;
  }
}

/** "14.5"; undefined where it is no macOS. */
export async function macosVersion(env: Record<string, string | undefined>): Promise<string | undefined> {
  if (platform() !== 'darwin') return undefined;
  try {
    const { stdout } = await runProcess('/usr/bin/sw_vers', ['-productVersion'], { env, timeout: 10_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function libc(): string | undefined {
  const glibc = libcVersion();
  return glibc === undefined ? undefined : `glibc ${glibc}`;
}

function osRelease(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

async function nvidia(
  env: Record<string, string | undefined>,
): Promise<{ gpus: MachineFacts['gpus']; driver: string | undefined }> {
  const none = { gpus: [], driver: undefined };
  if (platform() !== 'linux' || !hasNvidiaDriver()) return none;
  try {
    const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
    const result = await runProcess('nvidia-smi', query, { env, timeout: 5000 });
    if (result.exitCode !== 0) return none;
    const rows = result.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(',').map((field) => field.trim()));
    return { gpus: rows.map(([name = 'GPU', memory]) => ({ name, memory })), driver: rows[0]?.[2] };
  } catch {
    return none;
  }
}

function hasNvidiaDriver(): boolean {
  try {
    readFileSync('/proc/driver/nvidia/version');
    return true;
  } catch {
    return false;
  }
}

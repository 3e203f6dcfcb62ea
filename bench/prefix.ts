/** Prefixes from warm and cold stores, side by side with uv: CLI against CLI, alternating, medians. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findUv } from './find-uv.ts';
import { machineShape, measure, median } from './measure.ts';
import { layOutPackage } from './package.ts';
import { serveWheels } from './simple-index.ts';
import { fetchWheels, pinsOf, workloads } from './workloads.ts';

export async function benchPrefix({ repeats }: { repeats: number }): Promise<void> {
  const uv = findUv();
  console.log(`machine: ${machineShape()}; peer: ${execFileSync(uv, ['--version'], { encoding: 'utf8' }).trim()}`);
  for (const name of Object.keys(workloads)) {
    try {
      await benchWorkload(name, fetchWheels(name), uv, repeats);
    } catch (error) {
      console.log(`${name}: not measured: ${(error as Error).message.split('\n').slice(0, 4).join(' ')}`);
    }
  }
}

async function benchWorkload(name: string, wheels: string, uv: string, repeats: number): Promise<void> {
  const index = await serveWheels(wheels);
  const work = join(tmpdir(), `terroir-bench-${process.pid}`);
  mkdirSync(join(work, '.terroir'), { recursive: true });
  const pins = pinsOf(wheels);
  // Without dependencies: torch asks for CUDA libraries that are no part of the workload.
  writeFileSync(join(work, 'requirements.txt'), `${pins.join('\n')}\n`);
  const clean = {
    PATH: process.env.PATH ?? '',
    HOME: work,
    TERROIR_UV: uv,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: index.url,
  };
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const ours = { ...clean, TERROIR_HOME: join(work, 'home') };
  const theirs = {
    ...clean,
    UV_CACHE_DIR: join(work, 'uv-cache'),
    UV_DEFAULT_INDEX: index.url,
    UV_LINK_MODE: 'hardlink',
    UV_PYTHON_DOWNLOADS: 'never',
  };
  const main = layOutPackage(join(work, 'package'));
  const terroir = [main, 'env', 'prefix', join(work, 'requirements.txt'), '--workspace', join(work, '.terroir')];
  const venv = join(work, 'venv');
  const shell = `"${uv}" venv -q --no-config -p "${python}" "${venv}" && "${uv}" pip sync -q --no-config --python "${venv}/bin/python" "${join(work, 'requirements.txt')}"`;
  const runOurs = async () => await measure(process.execPath, terroir, ours, work);
  const runTheirs = async () => await measure('/bin/sh', ['-c', shell], theirs, work);
  const trash = join(work, 'trash');
  mkdirSync(trash);
  let thrown = 0;
  // Moved away, not removed before the end: ext4 makes inodes slowly where many were removed in the last minutes, and that would be measured.
  const clear = (path: string): void => {
    thrown += 1;
    if (existsSync(path)) renameSync(path, join(trash, String(thrown)));
  };
  try {
    await runOurs();
    const cold: Pair = { ours: [], theirs: [] };
    let memory = 0;
    for (let round = 0; round < Math.min(repeats, 3); round += 1) {
      clear(join(work, 'home'));
      const mine = await runOurs();
      memory = Math.max(memory, mine.memory ?? 0);
      cold.ours.push(mine.seconds);
      clear(join(work, 'uv-cache'));
      clear(venv);
      cold.theirs.push((await runTheirs()).seconds);
    }
    const warm: Pair = { ours: [], theirs: [] };
    const cached: number[] = [];
    const started: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < repeats; round += 1) {
      clear(join(work, 'home', 'v1', 'prefixes'));
      warm.ours.push((await runOurs()).seconds);
      clear(venv);
      warm.theirs.push((await runTheirs()).seconds);
      cached.push((await runOurs()).seconds);
      started.push((await measure(process.execPath, [main, '--version'], ours, work)).seconds);
      bare.push((await measure(process.execPath, ['-e', '0'], ours, work)).seconds);
    }
    console.log(ratio(`${name} cold`, cold));
    console.log(ratio(`${name} warm`, warm));
    console.log(
      `${name} warm, where the time goes: making the prefix ${ms(median(warm.ours) - median(cached))}, the command around it ${ms(median(cached) - median(started))}, starting the command line ${ms(median(started) - median(bare))}, starting Node ${ms(median(bare))}`,
    );
    console.log(
      ratio(`${name} warm, without starting up`, { ours: [median(warm.ours) - median(cached)], theirs: warm.theirs }),
    );
    console.log(`${name} memory: ${(memory / 1e6).toFixed(0)} MB at the peak (cold)`);
  } finally {
    index.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Seconds. */
interface Pair {
  ours: number[];
  theirs: number[];
}

function ratio(what: string, { ours, theirs }: Pair): string {
  return `${what}: terroir ${ms(median(ours))}, uv ${ms(median(theirs))}, ratio ${(median(ours) / median(theirs)).toFixed(2)}`;
}

function ms(seconds: number): string {
  return seconds < 2 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}

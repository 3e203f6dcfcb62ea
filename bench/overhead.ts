/** What a cached `run` adds to the bare script, and how long `env list` takes with many versions; with the published bundle. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace } from '../src/workspace/index.ts';
import { machineShape, measure, median } from './measure.ts';
import { layOutPackage } from './package.ts';

export async function benchOverhead({ repeats }: { repeats: number }): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const main = layOutPackage(join(work, 'package'));
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const workspace = join(work, '.terroir');
  mkdirSync(workspace);
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: work,
    TERROIR_HOME: join(work, 'home'),
    PIP_CONFIG_FILE: '/dev/null',
  };
  writeFileSync(join(work, 'requirements.txt'), '');
  writeFileSync(join(work, 'empty.yml'), 'name: empty\nrequirements: []\n');
  writeFileSync(join(work, 'script.py'), 'print("hello")\n');
  const terroir = async (...args: string[]): Promise<number> =>
    (await measure(process.execPath, [main, ...args], env, work)).seconds;
  const times = { run: [] as number[], bare: [] as number[], list: [] as number[] };
  try {
    await terroir('run', '--env', 'empty.yml', '--', 'python', 'script.py');
    for (let round = 0; round < repeats; round += 1) {
      times.run.push(await terroir('-q', 'run', '--env', 'empty.yml', '--', 'python', 'script.py'));
      times.bare.push((await measure(python, ['script.py'], env, work)).seconds);
    }
    await fill(workspace, 10_000);
    await terroir('env', 'list');
    for (let round = 0; round < repeats; round += 1) times.list.push(await terroir('env', 'list'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const ms = (seconds: number): string => `${Math.round(seconds * 1000)} ms`;
  console.log(`machine: ${machineShape()}`);
  console.log(
    `cached run: ${ms(median(times.run))}, bare script ${ms(median(times.bare))}, added ${ms(median(times.run) - median(times.bare))} (limit 300 ms)`,
  );
  console.log(`env list with 10,000 versions: ${ms(median(times.list))} (limit 150 ms)`);
}

async function fill(folder: string, versions: number): Promise<void> {
  const { environments, close } = await openWorkspace(folder, { create: true, user: 'bench' });
  for (let at = 0; at < versions; at += 1) {
    await environments.register({
      name: `environment-${at % 500}`,
      category: 'system_managed',
      fingerprint: String(at).padStart(64, '0'),
      definition: {
        python: { userManaged: false },
        bytecode: false,
        environmentVariables: { AT: String(at) },
        platforms: [],
        osType: 'linux',
        autoRebuild: 'disabled',
      },
      definitionDigest: String(at).padStart(64, '0'),
      files: [],
    });
  }
  await close();
}

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeWheel } from '../test/kit/wheel.ts';

/** Where wheels and peers are kept from run to run. */
export const cache = join(homedir(), '.cache', 'terroir-bench');

export const workloads: Readonly<Record<string, readonly string[]>> = {
  'W-sci': ['numpy==2.3.5', 'pandas==2.3.3', 'scipy==1.17.1', 'scikit-learn==1.9.1'],
  'W-torch': ['numpy==2.3.5', 'pandas==2.3.3', 'scipy==1.17.1', 'scikit-learn==1.9.1', 'torch==2.13.0'],
};
/** Three gigabytes: only measured where it is asked for by name. */
export const largest: Readonly<Record<string, readonly string[]>> = { 'W-cuda': ['torch==2.14.1'] };
/** Of torch's own requirements those that are no CUDA libraries: what an index without a CPU build can serve. */
const torchParts = ['filelock', 'typing-extensions', 'sympy', 'networkx', 'jinja2', 'fsspec', 'setuptools'];

/** The wheels of a workload in a folder, by pip, once; each with `--no-deps`, so that the workload is what it says. */
export function fetchWheels(name: string): string {
  const requirements = workloads[name] ?? largest[name] ?? [];
  const folder = join(cache, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, small.filename), small.bytes);
  if (existsSync(join(folder, 'complete'))) return folder;
  const pip = (...args: string[]): void =>
    void execFileSync(
      'python3',
      ['-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--only-binary', ':all:', '-d', folder, ...args],
      { stdio: 'inherit' },
    );
  // With the CUDA libraries where that is what is measured; else without.
  const own = requirements.filter((each) => name in largest || !each.startsWith('torch'));
  pip(...own);
  for (const torch of requirements.filter((each) => !own.includes(each))) {
    pip('--no-deps', torch);
    pip(...torchParts);
    addStubs(folder);
  }
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}

/** A package that is added to a workload: some files of some kilobytes. */
const small = makeWheel({
  name: 'terroir-bench-small',
  version: '1.0',
  files: Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`terroir_bench_small/part${n}.py`, `x = '${'tree '.repeat(100 + n)}'\n`]),
  ),
});
export const smallPin = 'terroir-bench-small==1.0';

/** `name==version` of every wheel of a workload. */
export function pinsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.whl') && file !== small.filename)
    .map((file) => file.split('-').slice(0, 2).join('==').replaceAll('_', '-'));
}

/** torch for Linux asks for its CUDA libraries by exact version; empty packages stand in for them, on both sides. */
function addStubs(folder: string): void {
  const torch = readdirSync(folder).find((name) => name.startsWith('torch-'));
  if (torch === undefined) return;
  const program =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA"))).decode())';
  const metadata = execFileSync('python3', ['-c', program, join(folder, torch)], { encoding: 'utf8' });
  for (const [, name = '', range = ''] of metadata.matchAll(
    /^Requires-Dist: ([A-Za-z0-9._-]+)(?:\[[^\]]*\])?([^;\n]*);[^\n]*platform_system == "Linux"/gm,
  )) {
    const version = /[=>]=\s*([^,)\s]+)/.exec(range)?.[1] ?? '1.0';
    const stub = makeWheel({ name, version });
    if (!existsSync(join(folder, stub.filename))) writeFileSync(join(folder, stub.filename), stub.bytes);
  }
}

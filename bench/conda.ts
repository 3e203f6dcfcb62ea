/** conda environments side by side with py-rattler: its native solver and its installer, on the same channel. Alternating, medians. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { realPackages } from '../test/kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../test/kit/conda-channel.ts';
import { type FileServer, startFileServer } from '../test/kit/file-server.ts';
import { repodata, solverSpecs } from './conda-solve.ts';
import { machineShape, measure, median } from './measure.ts';
import { layOutPackage } from './package.ts';

const rattlerVersion = '0.28.0';
const packages = ['scikit-learn', 'pip', 'where', 'cellar', 'tasting'];
/** Of the channel for solving: names, with 28 records each. */
const solverNames = 3000;

export async function benchConda({ repeats }: { repeats: number }): Promise<void> {
  const peer = ensureRattler();
  const real = await realPackages();
  if (real.without !== undefined) throw new Error(`no index answers: ${real.without}`);
  console.log(`machine: ${machineShape()}; peer: py-rattler ${rattlerVersion}`);
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const channel = await startCondaChannel(real.packages);
  try {
    const bench = createBench({ work, peer, specs: [`python=${real.python.minor}`, ...packages] });
    await benchInstall(bench, channel, repeats);
    await benchSolve(bench, repeats);
  } finally {
    await channel.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** A venv of our own, made once. */
function ensureRattler(): string {
  const folder = join(homedir(), '.cache', 'terroir-bench', `py-rattler-${rattlerVersion}`);
  const python = join(folder, 'bin', 'python');
  if (!existsSync(join(folder, 'complete'))) {
    rmSync(folder, { recursive: true, force: true });
    execFileSync('python3', ['-m', 'venv', folder]);
    execFileSync(python, ['-m', 'pip', 'install', '-q', `py-rattler==${rattlerVersion}`], { stdio: 'inherit' });
    writeFileSync(join(folder, 'complete'), '');
  }
  return python;
}

/** Solves, or installs what an earlier install recorded. Says how long that took without starting Python. */
const program = `
import asyncio, pathlib, sys, time
from rattler import Channel, GenericVirtualPackage, Gateway, MatchSpec, PackageName, PrefixRecord, Version, install, solve
from rattler.package.build_string import BuildString

def virtual(name, version, build="0"):
    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))

async def solved(url, cache, specs):
    return await solve(
        [Channel(url)], [MatchSpec(spec) for spec in specs], gateway=Gateway(cache_dir=pathlib.Path(cache, "repodata")),
        platforms=["linux-64", "noarch"],
        virtual_packages=[virtual("__glibc", "2.28"), virtual("__linux", "4.18"), virtual("__unix", "0"), virtual("__archspec", "1", "x86_64")])

async def main(what, cache, *rest):
    if what == "solve":
        started = time.perf_counter()
        await solved(rest[0], cache, rest[1:])
    elif what == "prepare":
        prefix, url, *specs = rest
        await install(await solved(url, cache, specs), target_prefix=prefix, cache_dir=cache, show_progress=False)
        return
    else:
        prefix, records = rest
        found = [PrefixRecord.from_path(path) for path in pathlib.Path(records).glob("*.json")]
        started = time.perf_counter()
        await install(found, target_prefix=prefix, cache_dir=cache, show_progress=False)
    pathlib.Path(cache, "seconds").write_text(str(time.perf_counter() - started))

asyncio.run(main(*sys.argv[1:]))
`;

interface Bench {
  work: string;
  specs: readonly string[];
  terroir(folder: string, ...args: string[]): Promise<{ seconds: number; memory: number | undefined }>;
  rattler(...args: string[]): Promise<{ seconds: number; inside: number }>;
  /** Moves away instead of removing: the file system makes inodes slowly where many were removed a moment ago. */
  clear(path: string): void;
}

function createBench({ work, peer, specs }: { work: string; peer: string; specs: readonly string[] }): Bench {
  const main = layOutPackage(join(work, 'package'));
  const script = join(work, 'peer.py');
  writeFileSync(script, program);
  const trash = join(work, 'trash');
  mkdirSync(trash);
  let thrown = 0;
  const clean = { PATH: process.env.PATH ?? '', HOME: work, PIP_CONFIG_FILE: '/dev/null', CONDARC: '/dev/null' };
  return {
    work,
    specs,
    terroir: async (folder, ...args) =>
      await measure(process.execPath, [main, ...args], { ...clean, TERROIR_HOME: join(folder, 'home') }, folder),
    rattler: async (what = '', cache = '', ...args) => {
      mkdirSync(cache, { recursive: true });
      const { seconds } = await measure(peer, [script, what, cache, ...args], clean, work);
      const note = join(cache, 'seconds');
      const inside = existsSync(note) ? Number(execFileSync('cat', [note], { encoding: 'utf8' })) : Number.NaN;
      return { seconds, inside };
    },
    clear: (path) => {
      thrown += 1;
      if (existsSync(path)) renameSync(path, join(trash, String(thrown)));
    },
  };
}

/** Seconds. */
interface Times {
  ours: number[];
  theirs: number[];
  /** Theirs, without starting Python. */
  inside: number[];
}

const noTimes = (): Times => ({ ours: [], theirs: [], inside: [] });

async function benchInstall(bench: Bench, channel: CondaChannel, repeats: number): Promise<void> {
  const folder = join(bench.work, 'install');
  mkdirSync(join(folder, '.terroir'), { recursive: true });
  const dependencies = bench.specs.map((spec) => JSON.stringify(spec)).join(', ');
  writeFileSync(join(folder, 'environment.yml'), `channels: [${channel.url}]\ndependencies: [${dependencies}]\n`);
  const cache = join(folder, 'cache');
  const prefix = join(folder, 'prefix');
  const records = join(folder, 'records');
  await bench.rattler('prepare', cache, prefix, channel.url, ...bench.specs);
  cpSync(join(prefix, 'conda-meta'), records, { recursive: true });
  const ours = async () => await bench.terroir(folder, 'env', 'prefix', 'environment.yml');
  const theirs = async () => await bench.rattler('install', cache, prefix, records);
  await ours();
  const cold = noTimes();
  let memory = 0;
  for (let round = 0; round < Math.min(repeats, 3); round += 1) {
    bench.clear(join(folder, 'home'));
    const mine = await ours();
    memory = Math.max(memory, mine.memory ?? 0);
    cold.ours.push(mine.seconds);
    bench.clear(cache);
    bench.clear(prefix);
    note(cold, await theirs());
  }
  const warm = noTimes();
  const cached: number[] = [];
  for (let round = 0; round < repeats; round += 1) {
    bench.clear(join(folder, 'home', 'v1', 'prefixes'));
    warm.ours.push((await ours()).seconds);
    bench.clear(prefix);
    note(warm, await theirs());
    cached.push((await ours()).seconds);
  }
  print('install, cold', cold);
  print('install, warm', warm);
  const making = median(warm.ours) - median(cached);
  console.log(
    `install, warm, without starting up: terroir ${ms(making)}, py-rattler ${ms(median(warm.inside))}, ratio ${(making / median(warm.inside)).toFixed(2)}; memory ${(memory / 1e6).toFixed(0)} MB at the peak (cold)`,
  );
}

async function benchSolve(bench: Bench, repeats: number): Promise<void> {
  const body = zstdCompressSync(Buffer.from([...repodata(solverNames)].join('')));
  const empty = Buffer.from('{"packages":{},"packages.conda":{}}');
  const type = 'application/octet-stream';
  const server: FileServer = await startFileServer((path) => {
    if (path === '/linux-64/repodata.json.zst') return { body, type, cacheControl: 'public, max-age=0' };
    return path === '/noarch/repodata.json' ? { body: empty, type, cacheControl: 'public, max-age=0' } : undefined;
  });
  const url = server.origin;
  const first = noTimes();
  const again = noTimes();
  try {
    for (let round = 0; round < repeats; round += 1) {
      const folder = join(bench.work, `solve-${round}`);
      mkdirSync(join(folder, '.terroir'), { recursive: true });
      const dependencies = solverSpecs.map((spec) => JSON.stringify(spec)).join(', ');
      writeFileSync(join(folder, 'environment.yml'), `channels: [${url}]\ndependencies: [${dependencies}]\n`);
      const cache = join(folder, 'cache');
      first.ours.push((await bench.terroir(folder, 'env', 'lock', 'environment.yml')).seconds);
      note(first, await bench.rattler('solve', cache, url, ...solverSpecs));
      const relock = ['env', 'lock', 'environment.yml', '--relock', '--dry-run'];
      again.ours.push((await bench.terroir(folder, ...relock)).seconds);
      note(again, await bench.rattler('solve', cache, url, ...solverSpecs));
    }
  } finally {
    await server.close();
  }
  console.log(
    `solving against ${(solverNames * 28).toLocaleString('en')} records, ${(body.length / 1e6).toFixed(1)} MB as .zst`,
  );
  print('solve, channel unknown', first);
  print('solve, channel unchanged', again);
}

function note(times: Times, { seconds, inside }: { seconds: number; inside: number }): void {
  times.theirs.push(seconds);
  times.inside.push(inside);
}

function print(what: string, { ours, theirs, inside }: Times): void {
  const ratio = (median(ours) / median(theirs)).toFixed(2);
  console.log(
    `${what}: terroir ${ms(median(ours))}, py-rattler ${ms(median(theirs))} (${ms(median(inside))} of it without starting Python), ratio ${ratio}`,
  );
}

function ms(seconds: number): string {
  return seconds < 2 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}

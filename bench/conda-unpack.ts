/** Unpacking one large conda package, side by side with py-rattler, alternating, medians; both timed inside of a process that is warm. */
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createStore } from '../src/store/index.ts';
import { type CondaContent, makeCondaPackage } from '../test/kit/conda-package.ts';
import { machineShape, median } from './measure.ts';

const cache = join(homedir(), '.cache', 'terroir-bench', 'conda-unpack');
const rattlerVersion = '0.28.0';

export async function benchCondaUnpack({ repeats }: { repeats: number }): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const python = rattlerPython();
  console.log(`machine: ${machineShape()}; peer: py-rattler ${rattlerVersion}`);
  for (const file of packages(python)) {
    const own: number[] = [];
    const peer: number[] = [];
    for (let round = 0; round < repeats; round += 1) {
      peer.push(unpackByRattler(python, file));
      own.push(await unpackHere(file));
    }
    const [ours, theirs] = [median(own), median(peer)];
    console.log(
      `${file.split('/').at(-1)}: ${ours.toFixed(2)} s, py-rattler ${theirs.toFixed(2)} s, ratio ${(ours / theirs).toFixed(2)}` +
        ` (best: ${Math.min(...own).toFixed(2)} and ${Math.min(...peer).toFixed(2)} s)`,
    );
  }
}

/** 20,000 files, 300 MB: text in most of them, and twenty large binaries. One package in both formats. */
function packages(python: string): string[] {
  const conda = join(cache, 'big-1.0-0.conda');
  const bzip2 = join(cache, 'big-1.0-0.tar.bz2');
  if (existsSync(bzip2)) return [conda, bzip2];
  let seed = 42;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const words = Array.from({ length: 4000 }, () =>
    Array.from(
      { length: 2 + Math.floor(random() * 9) },
      () => 'abcdefghijklmnopqrstuvwxyz'[Math.floor(random() * 26)],
    ).join(''),
  );
  const text = (length: number): string => {
    const parts: string[] = [];
    for (let size = 0; size < length; size += (parts.at(-1)?.length ?? 0) + 1)
      parts.push(words[Math.floor(random() * random() * words.length)] ?? '');
    return parts.join(' ').slice(0, length);
  };
  const files: Record<string, CondaContent> = {};
  for (let at = 0; at < 19_980; at += 1)
    files[`lib/python3.11/site-packages/pkg${at % 40}/sub${at % 7}/module_${at}.py`] = text(
      200 + Math.floor(24_000 * random() * random()),
    );
  for (let at = 0; at < 20; at += 1) {
    const content = Buffer.alloc(9_000_000);
    for (let word = 0; word < content.length; word += 8) content.writeUInt32LE(Math.floor(random() * 2 ** 32), word);
    files[`lib/lib${at}.so`] = { content, executable: true };
  }
  writeFileSync(conda, makeCondaPackage({ name: 'big', version: '1.0', files, level: 12 }).bytes);
  repack(python, conda, bzip2);
  return [conda, bzip2];
}

/** The other format, by Python's own compressor. */
function repack(python: string, conda: string, bzip2: string): void {
  const program = `
import io, subprocess, sys, tarfile, zipfile
from backports import zstd
source = zipfile.ZipFile(sys.argv[1])
with tarfile.open(sys.argv[2], 'w:bz2') as target:
    for name in sorted(n for n in source.namelist() if n.endswith('.zst')):
        with tarfile.open(fileobj=io.BytesIO(zstd.decompress(source.read(name)))) as part:
            for member in part:
                target.addfile(member, part.extractfile(member))
`;
  execFileSync(python, ['-c', program, conda, bzip2], { stdio: 'inherit' });
}

function rattlerPython(): string {
  const folder = join(cache, `py-rattler-${rattlerVersion}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, 'complete'))) return python;
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  const wanted = [`py-rattler==${rattlerVersion}`, 'backports.zstd'];
  execFileSync(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...wanted], { stdio: 'inherit' });
  writeFileSync(join(folder, 'complete'), '');
  return python;
}

function unpackByRattler(python: string, file: string): number {
  const target = join(cache, 'out');
  rmSync(target, { recursive: true, force: true });
  const program =
    'import sys, time, rattler.package_streaming as p; t = time.monotonic(); p.extract(sys.argv[1], sys.argv[2]); print(time.monotonic() - t)';
  return Number(execFileSync(python, ['-c', program, file, target], { encoding: 'utf8' }));
}

async function unpackHere(file: string): Promise<number> {
  const root = join(cache, 'store');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const store = createStore({ root });
  const bring = async (path: string): Promise<string> => {
    linkSync(path, join(root, 'incoming'));
    return (await store.addArchive(join(root, 'incoming'))).sha256;
  };
  const small = makeCondaPackage({ name: 'small', version: '1' });
  writeFileSync(join(root, 'small'), small.bytes);
  await store.ensureConda(await bring(join(root, 'small')), small.filename);
  const sha256 = await bring(file);
  const startedAt = performance.now();
  await store.ensureConda(sha256, file.split('/').at(-1) ?? '');
  return (performance.now() - startedAt) / 1000;
}

if (import.meta.main) await benchCondaUnpack({ repeats: Number(process.argv[2] ?? 5) });

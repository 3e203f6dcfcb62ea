import { parseWheelFilename } from '../requirements/index.ts';
import type { Platform } from '../schema/index.ts';
import type { CompiledFile } from './pypi-resolver.ts';

interface Target {
  platform: Platform;
  /** "3.11" */
  python: string;
  /** "2.28" */
  glibc: string;
}

/** The newest macOS that a wheel may ask for. */
export const macosVersion = '13.0';

const machines = {
  'linux-64': ['linux', 'x86_64'],
  'linux-aarch64': ['linux', 'aarch64'],
  'osx-64': ['macos', 'x86_64'],
  'osx-arm64': ['macos', 'arm64'],
  'win-64': ['windows', 'amd64'],
} as const satisfies Record<Platform, readonly [string, string]>;

/** The old names of glibc versions (PEP 513, 571, 599). */
const oldGlibc: Readonly<Record<string, number>> = { manylinux1: 5, manylinux2010: 12, manylinux2014: 17 };

/** The one wheel of several that pip would take: the most particular tags, the newest libc, the highest build number. */
export function chooseWheel(files: readonly CompiledFile[], target: Target): CompiledFile | undefined {
  const ranked = files.flatMap((file) => {
    const rank = rankOf(file.filename, target);
    return rank === undefined ? [] : [{ file, rank }];
  });
  ranked.sort((a, b) => compareRanks(b.rank, a.rank) || (a.file.filename < b.file.filename ? -1 : 1));
  return ranked[0]?.file;
}

/** The order of pip's tags: what names a platform goes before what fits any. */
function rankOf(filename: string, target: Target): number[] | undefined {
  const wheel = parseWheelFilename(filename);
  if (wheel === undefined) return undefined;
  const platform = Math.max(...wheel.platforms.map((tag) => platformRank(tag, target)));
  const python = Math.max(
    ...wheel.pythons.flatMap((tag) => wheel.abis.map((abi) => pythonRank(tag, abi, target.python))),
  );
  if (platform < 0 || python < 0) return undefined;
  return [platform === 0 ? 0 : 1, python, platform, Number(/^\d+/.exec(wheel.build ?? '')?.[0] ?? -1)];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Higher is more particular; negative does not fit. */
function pythonRank(tag: string, abi: string, python: string): number {
  const minor = Number(python.split('.')[1]);
  const match = /^(cp|py)3(\d*)$/.exec(tag);
  if (match === null) return -1;
  const tagMinor = match[2] === '' ? undefined : Number(match[2]);
  if (match[1] === 'cp') {
    if (tagMinor === undefined || tagMinor > minor) return -1;
    if (tagMinor === minor && (abi === `cp3${minor}` || (minor < 8 && abi === `cp3${minor}m`))) return 1000;
    // `none` of this very minor stands between the stable ABI of it and that of an older one.
    if (abi === 'abi3') return 500 + tagMinor + (tagMinor === minor ? 1 : 0);
    return abi === 'none' && tagMinor === minor ? 500 + minor : -1;
  }
  if (abi !== 'none') return -1;
  // `py311`, `py3`, `py310`, `py39`, …
  if (tagMinor === undefined) return 100 + minor - 0.5;
  return tagMinor <= minor ? 100 + tagMinor : -1;
}

/** 0 is `any`; negative does not fit. */
function platformRank(tag: string, { platform, glibc }: Target): number {
  if (tag === 'any') return 0;
  const [system, machine] = machines[platform];
  if (system === 'linux') return linuxRank(tag, machine, glibc);
  if (system === 'macos') return macosRank(tag, machine);
  return tag === `win_${machine}` ? 1 : -1;
}

function macosRank(tag: string, machine: string): number {
  const match = /^macosx_(\d+)_(\d+)_(.+)$/.exec(tag);
  if (match === null) return -1;
  const [, major = '', minor = '', kind = ''] = match;
  const fitting =
    machine === 'arm64' ? ['arm64', 'universal2'] : ['x86_64', 'universal2', 'intel', 'fat64', 'universal'];
  if (!fitting.includes(kind)) return -1;
  const version = Number(major) * 1000 + Number(minor);
  const [newestMajor, newestMinor] = macosVersion.split('.').map(Number);
  if (version > (newestMajor ?? 0) * 1000 + (newestMinor ?? 0)) return -1;
  return version * 10 + (9 - fitting.indexOf(kind));
}

function linuxRank(tag: string, machine: string, glibc: string): number {
  if (tag === `linux_${machine}`) return 1;
  const match = /^(manylinux(?:1|2010|2014)?)_(?:(\d+)_(\d+)_)?(x86_64|aarch64)$/.exec(tag);
  if (match === null || match[4] !== machine) return -1;
  const minor = match[3] === undefined ? oldGlibc[match[1] ?? ''] : Number(match[3]);
  const [newestMajor = 2, newestMinor = 0] = glibc.split('.').map(Number);
  if (minor === undefined || Number(match[2] ?? 2) !== newestMajor || minor > newestMinor) return -1;
  // pip takes a version under its own name before the same one under its old name.
  return 10 + minor * 2 + (match[3] === undefined ? 0 : 1);
}

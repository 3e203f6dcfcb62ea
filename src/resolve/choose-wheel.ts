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

/** The one wheel of several that pip would take: the most particular tags, the newest libc, the highest build number. */
export function chooseWheel(files: readonly CompiledFile[], target: Target): CompiledFile | undefined {
  const ranked = files.flatMap((file) => {
    const rank = rankOf(file.filename, target);
    return rank === undefined ? [] : [{ file, rank }];
  });
  ranked.sort((a, b) => compareRanks(b.rank, a.rank) || (a.file.filename < b.file.filename ? -1 : 1));
  return ranked[0]?.file;
}

function rankOf(filename: string, target: Target): number[] | undefined {
  const wheel = parseWheelFilename(filename);
  if (wheel === undefined) return undefined;
  const platform = Math.max(...wheel.platforms.map((tag) => platformRank(tag, target)));
  const python = Math.max(...wheel.pythons.flatMap((tag) => wheel.abis.map((abi) => pythonRank(tag, abi, target.python))));
  if (platform < 0 || python < 0) return undefined;
  return [python, platform, Number(/^\d+/.exec(wheel.build ?? '')?.[0] ?? -1)];
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
  const tagMinor = match[2] === '' ? 0 : Number(match[2]);
  if (match[1] === 'cp') {
    if (abi === `cp3${minor}` && tagMinor === minor) return 1000;
    if (abi === 'abi3' && tagMinor <= minor) return 500 + tagMinor;
    return abi === 'none' && tagMinor === minor ? 400 : -1;
  }
  return abi === 'none' && tagMinor <= minor ? 1 + tagMinor : -1;
}

function platformRank(tag: string, { platform, glibc }: Target): number {
  if (tag === 'any') return 0;
  const [system, machine] = { 'linux-64': ['linux', 'x86_64'], 'linux-aarch64': ['linux', 'aarch64'], 'osx-64': ['macos', 'x86_64'], 'osx-arm64': ['macos', 'arm64'], 'win-64': ['windows', 'amd64'] }[platform];
  if (system === 'windows') return tag === `win_${machine}` ? 1 : -1;
  if (system === 'macos') {
    const match = /^macosx_(\d+)_(\d+)_(.+)$/.exec(tag);
    const fits = match !== null && (match[3] === machine || match[3] === 'universal2' || (machine === 'x86_64' && match[3] === 'intel'));
    return fits ? Number(match[1]) * 100 + Number(match[2]) + (match[3] === machine ? 1 : 0) : -1;
  }
  const old: Readonly<Record<string, string>> = { manylinux1: '2_5', manylinux2010: '2_12', manylinux2014: '2_17' };
  const name = tag.replace(/^(manylinux(?:1|2010|2014))_/, (_, word: string) => `manylinux_${old[word] ?? ''}_`);
  if (name === `linux_${machine}`) return 1;
  const match = /^manylinux_2_(\d+)_(.+)$/.exec(name);
  if (match === null || match[2] !== machine || Number(match[1]) > Number(glibc.split('.')[1])) return -1;
  return 10 + Number(match[1]);
}

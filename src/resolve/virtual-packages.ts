import { AppError } from '../errors/index.ts';
import type { Definition, Platform } from '../schema/index.ts';
import { macosVersion } from './choose-wheel.ts';
import type { VirtualPackage } from './conda-solver.ts';

/** glibc of a lock that says nothing about it. */
const defaultGlibc = '2.28';
/** The oldest kernel of the distributions that have this glibc. */
const defaultLinux = '4.18';
const defaultWindows = '10.0';

/** What every machine of a platform can do. */
const baselines: Readonly<Record<Platform, string>> = {
  'linux-64': 'x86_64',
  'linux-aarch64': 'aarch64',
  'osx-64': 'x86_64',
  'osx-arm64': 'm1',
  'win-64': 'x86_64',
};

/** What a lock assumes of the machines that will run it: fixed for each platform, and never asked of this one. */
export function condaVirtualPackages(
  { systemRequirements = {} }: Definition,
  platform: Platform,
): Record<string, VirtualPackage> {
  const { glibc, cuda, archspec = baselines[platform] } = systemRequirements;
  if (!/^[a-z0-9_]+$/.test(archspec)) {
    throw new AppError('INVALID_DEFINITION', `\`archspec: ${archspec}\` is no name of a kind of processor`, {
      hint: 'Names are like `x86_64_v3`, `zen3` or `m1`.',
    });
  }
  const packages: Record<string, VirtualPackage> = { __archspec: { version: '1', build: archspec } };
  if (platform.startsWith('linux')) {
    packages.__glibc = version(glibc ?? defaultGlibc);
    packages.__linux = version(defaultLinux);
  }
  if (platform.startsWith('osx')) packages.__osx = version(macosVersion);
  if (platform.startsWith('win')) packages.__win = version(defaultWindows);
  else packages.__unix = version('0');
  if (cuda !== undefined && !platform.startsWith('osx')) packages.__cuda = version(cuda);
  return packages;
}

function version(text: string): VirtualPackage {
  return { version: text, build: '0' };
}

/** Of the machines that run a lock, as the definition says or by default. */
export function glibcOf({ systemRequirements }: Definition): string {
  return systemRequirements?.glibc ?? defaultGlibc;
}

/** What a lock of requirements assumes of the machines. */
export function virtualPackages(definition: Definition, platform: Platform): Record<string, string> {
  const { cuda, archspec } = definition.systemRequirements ?? {};
  const packages: Record<string, string> = {};
  if (platform.startsWith('linux')) packages.__glibc = glibcOf(definition);
  if (platform.startsWith('osx')) packages.__osx = macosVersion;
  if (cuda !== undefined) packages.__cuda = cuda;
  if (archspec !== undefined) packages.__archspec = archspec;
  return packages;
}

/** As a lock's inputs have them: the version, and of `__archspec`, whose version says nothing, the processor. */
export function virtualPackageTexts(packages: Readonly<Record<string, VirtualPackage>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(packages)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, name === '__archspec' ? each.build : each.version]),
  );
}

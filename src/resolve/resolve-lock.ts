import { AppError, isAppError, stripUserInfo } from '../errors/index.ts';
import { normaliseName } from '../requirements/index.ts';
import { type Definition, type Lock, type LockedPython, type Platform } from '../schema/index.ts';
import { macosVersion } from './choose-wheel.ts';
import { installOrder } from './install-order.ts';
import { lockDigest } from './lock-document.ts';
import { lockPackage } from './lock-package.ts';
import type { Compiled, PypiResolver } from './pypi-resolver.ts';
import { type RequirementsText, requirementsText } from './requirements-text.ts';
import { keepCommits } from './seed-commits.ts';

/** glibc of a lock that says nothing about it. */
const defaultGlibc = '2.28';

export interface ResolveRequest {
  definition: Definition;
  fingerprint: string;
  platform: Platform;
  python: LockedPython;
  /** The absolute path at which a file of the definition was laid out. */
  place: (path: string) => string;
  /** What moves as little as possible: an earlier lock of this or of the source definition. */
  seed?: Lock;
  /** With a seed: what may move all the same. */
  upgrade?: 'all' | readonly string[];
}

/**
 * The exact packages that a definition means now.
 * @throws AppError UNSOLVABLE with the solver's explanation, BUILD_FAILED, UNSUPPORTED_FEATURE for a layer that cannot be resolved yet.
 */
export async function resolveLock(request: ResolveRequest, pypi: PypiResolver): Promise<Lock> {
  const { definition, fingerprint, platform, python, seed } = request;
  const { layer } = definition;
  if (layer?.kind === 'conda') {
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      'the environment has a conda file, and conda packages cannot be resolved yet',
      { hint: 'Environments with `requirements` can be locked and run.' },
    );
  }
  const glibc = definition.systemRequirements?.glibc ?? defaultGlibc;
  const text = requirementsText(layer?.entries ?? [], request.place);
  const target = { platform, python: python.version, glibc };
  return await withoutPlaces(text, async () => {
    const compiled = await compile(request, text, glibc, pypi);
    const context = { text, target, pypi, seed };
    const packages = [];
    for (const each of compiled.packages) packages.push(await lockPackage(each, context));
    const content: Omit<Lock, 'digest'> = {
      lockVersion: 1,
      fingerprint,
      platform,
      python,
      inputs: {
        channels: [],
        indexes: addresses(compiled.indexes),
        findLinks: addresses(compiled.findLinks),
        virtualPackages: virtualPackages(definition, platform, glibc),
        tools: { [pypi.tool.name]: pypi.tool.version },
      },
      packages: installOrder(packages),
    };
    return { ...content, digest: lockDigest(content) };
  });
}

async function compile(
  { definition, platform, python, seed, fingerprint, upgrade = [] }: ResolveRequest,
  text: RequirementsText,
  glibc: string,
  pypi: PypiResolver,
): Promise<Compiled> {
  if (text.requirements === '') return { packages: [], indexes: [], findLinks: [] };
  const names = upgrade === 'all' ? upgrade : upgrade.map(normaliseName);
  const isSame = seed?.fingerprint === fingerprint && names !== 'all';
  return await pypi.compile({
    platform,
    glibc,
    python: fullVersion(definition, python),
    requirements: isSame ? keepCommits(text.requirements, seed, names) : text.requirements,
    constraints: text.constraints,
    preferences: preferencesOf(seed),
    upgrade: names,
    options: text.options,
  });
}

/** A patch version counts where the definition names one: packages may ask for `>=3.11.4`. */
function fullVersion({ python: { version } }: Definition, { version: minor }: LockedPython): string {
  const wanted = version?.trim() ?? '';
  return /^\d+\.\d+\.\d+$/.test(wanted) && wanted.startsWith(`${minor}.`) ? wanted : minor;
}

/** What came from an index, as wheel or source. */
function preferencesOf(seed: Lock | undefined): { name: string; version: string }[] {
  const fromIndex = seed?.packages
    .filter((each) => each.kind === 'pypi')
    .filter(({ builtFrom, local }) => local === undefined && (builtFrom === undefined || builtFrom.kind === 'sdist'));
  return fromIndex?.map(({ name, version }) => ({ name, version })) ?? [];
}

function virtualPackages(definition: Definition, platform: Platform, glibc: string): Record<string, string> {
  const { cuda, archspec } = definition.systemRequirements ?? {};
  const packages: Record<string, string> = {};
  if (platform.startsWith('linux')) packages.__glibc = glibc;
  if (platform.startsWith('osx')) packages.__osx = macosVersion;
  if (cuda !== undefined) packages.__cuda = cuda;
  if (archspec !== undefined) packages.__archspec = archspec;
  return packages;
}

/** Without credentials and trailing slashes, each once. */
function addresses(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => stripUserInfo(text).replace(/(?<=[^/])\/+$/, '')))];
}

/** Errors name files as the definition does, not where they were laid out. */
async function withoutPlaces<T>(text: RequirementsText, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    const message = [...text.local].reduce(
      (all, [path, { file }]) => all.replaceAll(`file://${path}`, file.path).replaceAll(path, file.path),
      error.message,
    );
    if (message === error.message) throw error;
    throw new AppError(error.code, message, { hint: error.hint, details: error.details, cause: error });
  }
}

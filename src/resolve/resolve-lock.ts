import { AppError, isAppError, stripUserInfo } from '../errors/index.ts';
import { normaliseName } from '../requirements/index.ts';
import type {
  CondaPackage,
  Definition,
  Lock,
  LockedPython,
  Platform,
  PypiPackage,
  PythonLayer,
  RequirementEntry,
} from '../schema/index.ts';
import { macosVersion } from './choose-wheel.ts';
import { condaPackages } from './conda-packages.ts';
import { condaRequest, installsSomething } from './conda-request.ts';
import type { CondaSolver } from './conda-solver.ts';
import { installOrder } from './install-order.ts';
import { lockDigest } from './lock-document.ts';
import { lockPackage } from './lock-package.ts';
import { explainContradiction, providedBy, refuseExtras } from './provided-distributions.ts';
import type { Compiled, PypiResolver } from './pypi-resolver.ts';
import { type RequirementsText, requirementsText } from './requirements-text.ts';
import { keepCommits } from './seed-commits.ts';
import { condaVirtualPackages, defaultGlibc, virtualPackageTexts } from './virtual-packages.ts';

type CondaLayer = Extract<PythonLayer, { kind: 'conda' }>;

export interface ResolveRequest {
  definition: Definition;
  fingerprint: string;
  platform: Platform;
  /** Of a requirements layer. A conda layer's is what is solved. */
  python: LockedPython | undefined;
  /** The absolute path at which a file of the definition was laid out. */
  place: (path: string) => string;
  /** What moves as little as possible: an earlier lock of this or of the source definition. */
  seed?: Lock;
  /** With a seed: what may move all the same. */
  upgrade?: 'all' | readonly string[];
}

/** Where packages are asked for; opened only when they are. */
export interface ResolveChannels {
  pypi: () => Promise<PypiResolver>;
  conda: () => CondaSolver;
}

/**
 * The exact packages that a definition means now.
 * @throws AppError UNSOLVABLE with the solver's explanation, BUILD_FAILED, UNSUPPORTED_FEATURE for what cannot be resolved.
 */
export async function resolveLock(request: ResolveRequest, channels: ResolveChannels): Promise<Lock> {
  const { definition, fingerprint, platform } = request;
  const content: Omit<Lock, 'digest'> = {
    lockVersion: 1,
    fingerprint,
    platform,
    ...(definition.layer?.kind === 'conda'
      ? await resolveConda(request, definition.layer, channels)
      : await resolveRequirements(request, definition.layer?.entries ?? [], channels)),
  };
  return { ...content, digest: lockDigest(content) };
}

type Resolved = Pick<Lock, 'python' | 'inputs' | 'packages'>;

async function resolveRequirements(
  request: ResolveRequest,
  entries: readonly RequirementEntry[],
  channels: ResolveChannels,
): Promise<Resolved> {
  const { definition, platform, python } = request;
  if (python === undefined) throw new Error('a requirements layer needs to know its Python');
  const pypi = await channels.pypi();
  const version = fullVersion(definition, python);
  const { packages, indexes, findLinks } = await resolvePypi({ ...request, python }, { entries, version, pypi });
  return {
    python,
    inputs: {
      channels: [],
      indexes,
      findLinks,
      virtualPackages: virtualPackages(definition, platform, glibcOf(definition)),
      tools: { [pypi.tool.name]: pypi.tool.version },
    },
    packages,
  };
}

/** conda packages first; then what pip would install into them, which takes what conda brings as it is. */
async function resolveConda(request: ResolveRequest, layer: CondaLayer, channels: ResolveChannels): Promise<Resolved> {
  const { definition, platform, seed, upgrade } = request;
  const { specs, implied, pip } = condaRequest(definition, layer);
  const solver = channels.conda();
  const assumed = condaVirtualPackages(definition, platform);
  const solution = await solver.solve({
    channels: layer.channels,
    specs: [...specs, ...implied],
    platform,
    virtualPackages: assumed,
    locked: lockedPackages(seed, platform, upgrade),
    refresh: upgrade !== undefined,
  });
  const conda = condaPackages(solution.packages, specs);
  const python = pythonOf(conda);
  const inputs = {
    channels: solution.channels,
    indexes: [] as string[],
    findLinks: [] as string[],
    virtualPackages: virtualPackageTexts(assumed),
    tools: { [solver.tool.name]: solver.tool.version },
  };
  if (!installsSomething(pip)) return { python: python?.locked, inputs, packages: conda };
  if (python === undefined) {
    throw new AppError('UNSOLVABLE', 'there is a `pip:` block, and the conda packages have no Python', {
      hint: 'Name one: `python=3.12`.',
    });
  }
  const provided = providedBy(conda, await solver.distributions(solution.packages));
  const side = { entries: pip, provided, packages: conda, specs };
  refuseExtras(side);
  const pypi = await channels.pypi();
  try {
    const answer = await resolvePypi(
      { ...request, python: python.locked },
      { entries: pip, version: python.version, pypi, provided: [...provided.values()] },
    );
    const owners = new Map([...provided.values()].map(({ name, owner }) => [name, owner]));
    const packages = answer.packages.map((pkg) => ({
      ...pkg,
      dependencies: [...new Set(pkg.dependencies.map((name) => owners.get(name) ?? name))].sort(),
    }));
    const { indexes, findLinks } = answer;
    const tools = { ...inputs.tools, [pypi.tool.name]: pypi.tool.version };
    return {
      python: python.locked,
      inputs: { ...inputs, indexes, findLinks, tools },
      packages: [...conda, ...packages],
    };
  } catch (error) {
    throw explainContradiction(error, side);
  }
}

export function pythonOf(packages: readonly CondaPackage[]): { locked: LockedPython; version: string } | undefined {
  const version = packages.find(({ name }) => name === 'python')?.version;
  const minor = /^\d+\.\d+/.exec(version ?? '')?.[0];
  if (version === undefined || minor === undefined) return undefined;
  return { locked: { version: minor, source: 'conda' }, version };
}

/** What an earlier lock has, but for what may move. */
function lockedPackages(
  seed: Lock | undefined,
  platform: Platform,
  upgrade: ResolveRequest['upgrade'] = [],
): CondaPackage[] {
  if (seed === undefined || seed.platform !== platform || upgrade === 'all') return [];
  const moving = new Set(upgrade.map(normaliseName));
  return seed.packages.filter((each) => each.kind === 'conda').filter(({ name }) => !moving.has(normaliseName(name)));
}

interface PypiQuestion {
  entries: readonly RequirementEntry[];
  /** Of Python: "3.11", or "3.11.7". */
  version: string;
  pypi: PypiResolver;
  provided?: readonly { name: string; version: string }[];
}

/** In install order. */
async function resolvePypi(
  request: ResolveRequest & { python: LockedPython },
  question: PypiQuestion,
): Promise<{ packages: PypiPackage[]; indexes: string[]; findLinks: string[] }> {
  const { definition, platform, python, seed, place } = request;
  const { pypi } = question;
  const text = requirementsText(question.entries, place);
  const target = { platform, python: python.version, glibc: glibcOf(definition) };
  return await withoutPlaces(text, async () => {
    const compiled = await compile(request, text, question);
    const context = { text, target, pypi, seed };
    const packages = [];
    for (const each of compiled.packages) packages.push(await lockPackage(each, context));
    return {
      packages: installOrder(packages),
      indexes: addresses(compiled.indexes),
      findLinks: addresses(compiled.findLinks),
    };
  });
}

async function compile(
  { definition, platform, seed, fingerprint, upgrade = [] }: ResolveRequest,
  text: RequirementsText,
  { version, pypi, provided }: PypiQuestion,
): Promise<Compiled> {
  if (text.requirements === '') return { packages: [], indexes: [], findLinks: [] };
  const names = upgrade === 'all' ? upgrade : upgrade.map(normaliseName);
  const isSame = seed?.fingerprint === fingerprint && names !== 'all';
  return await pypi.compile({
    platform,
    glibc: glibcOf(definition),
    python: version,
    requirements: isSame ? keepCommits(text.requirements, seed, names) : text.requirements,
    constraints: text.constraints,
    preferences: preferencesOf(seed),
    upgrade: names,
    provided,
    options: text.options,
  });
}

export function glibcOf({ systemRequirements }: Definition): string {
  return systemRequirements?.glibc ?? defaultGlibc;
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

export function virtualPackages(definition: Definition, platform: Platform, glibc: string): Record<string, string> {
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

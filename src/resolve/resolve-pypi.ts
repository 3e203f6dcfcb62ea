import { AppError, isAppError, stripUserInfo } from '../errors/index.ts';
import { normaliseName } from '../requirements/index.ts';
import type { Definition, Lock, LockedPython, PypiPackage, RequirementEntry } from '../schema/index.ts';
import { installOrder } from './install-order.ts';
import { lockPackage } from './lock-package.ts';
import type { Compiled, InstalledDistribution, PypiResolver } from './pypi-resolver.ts';
import { type RequirementsText, requirementsText } from './requirements-text.ts';
import type { ResolveRequest } from './resolve-request.ts';
import { keepCommits } from './seed-commits.ts';
import { glibcOf } from './virtual-packages.ts';

interface PypiQuestion {
  entries: readonly RequirementEntry[];
  /** Of Python: "3.11", or "3.11.7". */
  version: string;
  pypi: PypiResolver;
  provided?: readonly InstalledDistribution[];
}

/** In install order. */
export async function resolvePypi(
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

/** A patch version counts where the definition names one: packages may ask for `>=3.11.4`. */
export function fullVersion({ python: { version } }: Definition, { version: minor }: LockedPython): string {
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

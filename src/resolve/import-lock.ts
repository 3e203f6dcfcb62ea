import { AppError } from '../errors/index.ts';
import { type MarkerEnvironment, matchesMarker } from '../requirements/index.ts';
import type {
  CondaPackage,
  ListedLock,
  ListedPypi,
  Lock,
  LockedPython,
  Platform,
  PypiPackage,
} from '../schema/index.ts';
import { chooseWheel } from './choose-wheel.ts';
import { condaPackages } from './conda-packages.ts';
import { condaRequest } from './conda-request.ts';
import type { SolvedPackage } from './conda-solver.ts';
import { installOrder } from './install-order.ts';
import { lockDigest } from './lock-document.ts';
import { lockPackage, type PackageContext } from './lock-package.ts';
import { providedBy } from './provided-distributions.ts';
import type { CompiledPackage } from './pypi-resolver.ts';
import { requirementsText } from './requirements-text.ts';
import { pythonOf } from './resolve-conda.ts';
import type { ResolveChannels, ResolveRequest } from './resolve-request.ts';
import { condaVirtualPackages, glibcOf, virtualPackages, virtualPackageTexts } from './virtual-packages.ts';

/**
 * The lock that another tool made, as ours: nothing is solved. What its file does not tell (sizes, dependencies), channels and indexes are asked.
 * @throws AppError UNSOLVABLE where the file has nothing for the platform; DIGEST_MISMATCH, and what channels throw.
 */
export async function importLock(
  request: ResolveRequest,
  listed: ListedLock,
  channels: ResolveChannels,
): Promise<Lock> {
  const { definition, fingerprint, platform } = request;
  const { layer } = definition;
  checkPlatform(listed, platform, layer?.lock?.file.path ?? '');
  const isHere = (each: { platform?: Platform }): boolean => each.platform === undefined || each.platform === platform;
  const isConda = layer?.kind === 'conda';
  const solved = isConda
    ? await channels.conda().describe(listed.packages.filter((each) => each.kind === 'conda').filter(isHere), platform)
    : [];
  const specs = isConda ? condaRequest(definition, layer).specs : [];
  const conda = condaPackages(solved, specs);
  const python = isConda ? pythonOf(conda)?.locked : request.python;
  const pypi = listed.packages.filter((each) => each.kind === 'pypi').filter(isHere);
  const wheels = await takeWheels({ request, listed, channels, python, conda, solved }, pypi);
  const content: Omit<Lock, 'digest'> = {
    lockVersion: 1,
    fingerprint,
    platform,
    python,
    inputs: {
      channels: [...new Set(conda.map(({ channel }) => channel))],
      indexes: [...new Set(wheels.packages.flatMap(({ index }) => index ?? []))].sort(),
      findLinks: [],
      virtualPackages: isConda
        ? virtualPackageTexts(condaVirtualPackages(definition, platform))
        : virtualPackages(definition, platform),
      tools: wheels.tools,
    },
    packages: [...conda, ...wheels.packages],
  };
  return { ...content, digest: lockDigest(content) };
}

function checkPlatform({ platforms }: ListedLock, platform: Platform, path: string): void {
  if (platforms.length === 0 || platforms.includes(platform)) return;
  throw new AppError('UNSOLVABLE', `\`${path}\` locks ${platforms.join(', ')}, and nothing for ${platform}`, {
    hint: `Lock it for ${platform} too with the tool that made it; or solve what it names anew: \`terroir env lock REFERENCE --platform ${platform} --relock\`.`,
  });
}

interface Taking {
  request: ResolveRequest;
  listed: ListedLock;
  channels: ResolveChannels;
  python: LockedPython | undefined;
  conda: readonly CondaPackage[];
  solved: readonly SolvedPackage[];
}

async function takeWheels(
  taking: Taking,
  packages: readonly ListedPypi[],
): Promise<{ packages: PypiPackage[]; tools: Record<string, string> }> {
  if (packages.length === 0) return { packages: [], tools: {} };
  const { request, listed, channels, python } = taking;
  const { definition, platform, place, seed } = request;
  if (python === undefined) {
    throw new AppError('UNSOLVABLE', 'the lock file has Python packages, and no Python', {
      hint: 'Lock it again with a Python among its packages.',
    });
  }
  const environment = markerEnvironment(platform, python.version, listed);
  const here = packages.filter(({ name, marker }) => holds(name, marker, environment));
  checkUnique(here);
  const pypi = await channels.pypi();
  const context = {
    text: requirementsText([], place),
    target: { platform, python: python.version, glibc: glibcOf(definition) },
    pypi,
    seed,
  };
  const names = new Set(here.map(({ name }) => name));
  const compiled = here.every(hasFile)
    ? here.map((each) => compiledOf(each, names, context.target))
    : await findFiles(taking, here, context);
  const taken = await Promise.all(compiled.map(async (each) => await lockPackage(each, context)));
  const isBuilt = taken.some(({ builtFrom }) => builtFrom !== undefined);
  return { packages: installOrder(taken), tools: isBuilt ? { [pypi.tool.name]: pypi.tool.version } : {} };
}

function hasFile({ wheels, sdist, archive, git }: ListedPypi): boolean {
  return wheels.length > 0 || sdist !== undefined || archive !== undefined || git !== undefined;
}

/** Where only versions are known, the index is asked for their files; what else they require is there already, or was never there. */
async function findFiles(
  { channels, conda, solved }: Taking,
  packages: readonly ListedPypi[],
  { pypi, target, text }: PackageContext,
): Promise<CompiledPackage[]> {
  const distributions = solved.length === 0 ? new Map() : await channels.conda().distributions(solved);
  const { packages: found } = await pypi.compile({
    ...target,
    requirements: packages.map((each) => `${requirementOf(each)}\n`).join(''),
    constraints: '',
    preferences: [],
    upgrade: [],
    provided: [...providedBy(conda, distributions).values()],
    options: text.options,
  });
  const names = new Set(packages.map(({ name }) => name));
  return found.filter(({ name }) => names.has(name));
}

function requirementOf({ name, version, archive, git }: ListedPypi): string {
  if (git !== undefined)
    return `${name} @ git+${git.url}@${git.commit}${git.subdirectory === undefined ? '' : `#subdirectory=${git.subdirectory}`}`;
  if (archive?.url !== undefined) return `${name} @ ${archive.url}`;
  return version === undefined ? name : `${name}==${version}`;
}

function holds(name: string, marker: string | undefined, environment: MarkerEnvironment): boolean {
  if (marker === undefined) return true;
  const value = matchesMarker(marker, environment);
  if (value !== undefined) return value;
  throw new AppError('INVALID_DEFINITION', `\`${marker}\`, the marker of \`${name}\`, is none`, {
    hint: 'Lock it again with the tool that made the lock file.',
  });
}

function checkUnique(packages: readonly ListedPypi[]): void {
  const twice = packages.find(({ name }, index) => packages.findIndex((each) => each.name === name) !== index);
  if (twice === undefined) return;
  throw new AppError('UNSOLVABLE', `the lock file has \`${twice.name}\` twice for this platform and Python`, {
    hint: 'Their markers both hold; a lock has each package once.',
  });
}

/** With the one wheel that fits: nobody has said yet which of them do. */
function compiledOf(listed: ListedPypi, names: ReadonlySet<string>, target: PackageContext['target']): CompiledPackage {
  const { name, version, sdist, archive, git, index, dependencies } = listed;
  const wheel = chooseWheel(listed.wheels, target);
  return {
    name,
    version,
    wheels: wheel === undefined ? [] : [wheel],
    sdist,
    archive,
    git,
    index,
    directory: undefined,
    dependencies: dependencies.filter((each) => names.has(each)),
    requested: true,
  };
}

/** What markers find true of a platform. What a lock cannot know (the kernel's version) is empty. */
function markerEnvironment(platform: Platform, python: string, { defaultGroups }: ListedLock): MarkerEnvironment {
  const [system = '', machine = ''] = platform.split('-');
  const names = {
    linux: ['posix', 'linux', 'Linux'],
    osx: ['posix', 'darwin', 'Darwin'],
    win: ['nt', 'win32', 'Windows'],
  };
  const [osName = '', sysPlatform = '', platformSystem = ''] = names[system as keyof typeof names];
  const machines: Readonly<Record<string, string>> = { 64: system === 'win' ? 'AMD64' : 'x86_64' };
  return {
    os_name: osName,
    sys_platform: sysPlatform,
    platform_system: platformSystem,
    platform_machine: machines[machine] ?? machine,
    platform_release: '',
    platform_version: '',
    platform_python_implementation: 'CPython',
    python_implementation: 'CPython',
    implementation_name: 'cpython',
    implementation_version: `${python}.0`,
    python_version: python,
    python_full_version: `${python}.0`,
    extra: '',
    extras: [],
    dependency_groups: defaultGroups,
  };
}

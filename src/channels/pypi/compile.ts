import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../errors/index.ts';
import { readTextIfExists, writeAtomically } from '../../io/index.ts';
import type { Compiled, CompiledFile, CompiledPackage, CompileRequest } from '../../resolve/index.ts';
import type { Platform } from '../../schema/index.ts';
import { expandVariables, hideVariables } from '../variables.ts';
import { binaryArguments } from './binary-arguments.ts';
import { checkLinkFolders } from './link-folders.ts';
import { explainMissing, findRefusing, plainAddress } from './refused-index.ts';
import { stubWheel } from './stub-wheel.ts';
import { type IndexPlan, planIndexes } from './uv-environment.ts';
import { uvError } from './uv-errors.ts';
import { type Annotation, parseAnnotations, parseCompiled } from './uv-output.ts';
import type { UvCalls } from './uv-resolver.ts';

/** As `__osx` of a lock: uv would else ask a variable of the machine, and its default moves. */
const macosTarget = '13.0';

/**
 * Resolves with `uv pip compile`, twice: its requirements output says who needs what and which index it came from, its `pylock.toml` names the
 * files. What the first pass found is pinned in the second, which answers from uv's cache.
 */
export async function compile(request: CompileRequest, folder: string, { parts, call }: UvCalls): Promise<Compiled> {
  const { options } = request;
  const { pip, env, offline } = parts;
  await checkLinkFolders(options.findLinks, env);
  const source = [request.requirements, request.constraints, ...addressesOf(request)].join('\n');
  const hide = hideVariables(source, env);
  const files = {
    requirements: join(folder, 'requirements.in'),
    constraints: join(folder, 'constraints.txt'),
    output: join(folder, 'resolved.txt'),
  };
  const constraints = expandVariables(request.constraints, env);
  const stubs = await writeStubs(request, folder);
  await writeAtomically(files.requirements, expandVariables(request.requirements, env) + stubs);
  await writeAtomically(files.constraints, constraints);
  const preferences = request.upgrade === 'all' ? [] : request.preferences;
  await writeAtomically(files.output, preferences.map(({ name, version }) => `${name}==${version}\n`).join(''));
  const shared = [
    'pip',
    'compile',
    'requirements.in',
    '--quiet',
    '--no-header',
    ...(await targetArguments(request, parts.findPython)),
    ...binaryArguments(options, pip),
  ];
  const constraintFiles = ['-c', 'constraints.txt', ...pip.constraints.flatMap((path) => ['-c', path])];
  const run = async (...args: string[]): Promise<string> =>
    await call({
      args: [...shared, ...args, ...constraintFiles],
      options,
      folder,
      env: { MACOSX_DEPLOYMENT_TARGET: macosTarget },
      toError: (stderr) => uvError(hide(stderr), 'resolving', offline),
    });
  const prerelease = options.pre || pip.pre ? ['--prerelease', 'allow'] : [];
  try {
    await run(
      '-o',
      'resolved.txt',
      '--annotation-style',
      'split',
      '--emit-index-annotation',
      ...prerelease,
      ...upgradeArguments(request, offline),
    );
  } catch (error) {
    throw await explainMissing(error, planIndexes(options, pip, env), parts.http, parts.signal);
  }
  const annotations = parseAnnotations((await readTextIfExists(files.output)) ?? '');
  const warned = warnOfRefusals(annotations, planIndexes(options, pip, env), parts, hide);
  await writeAtomically(files.constraints, constraints + pinsOf(annotations));
  // Its pins may be pre-releases.
  const pylock = await run('--format', 'pylock.toml', '--prerelease', 'allow');
  const provided = new Set(request.provided?.map(({ name }) => name));
  const packages = parseCompiled(pylock, annotations, folder)
    .filter(({ name }) => !provided.has(name))
    .map((pkg) => hideIn(pkg, hide));
  await warned;
  return { packages, ...placesOf(request, annotations, parts, hide) };
}

/** What is there already, as wheels by path: to uv a requirement like any other, which nothing from an index can replace. */
async function writeStubs({ provided = [] }: CompileRequest, folder: string): Promise<string> {
  const lines: string[] = [];
  for (const each of provided) {
    const { filename, bytes } = stubWheel(each);
    const path = join(folder, 'conda', filename);
    await writeAtomically(path, bytes);
    lines.push(`${each.name} @ ${pathToFileURL(path).href}\n`);
  }
  return lines.join('');
}

async function warnOfRefusals(
  annotations: readonly Annotation[],
  plan: IndexPlan,
  { http, offline, emit, signal }: UvCalls['parts'],
  hide: (text: string) => string,
): Promise<void> {
  if (offline) return;
  const found = annotations.map(({ subject, index }) => ({ name: subject, index }));
  for (const { index, name, refusal } of await findRefusing(found, plan, http, signal)) {
    emit({
      type: 'note',
      level: 'warning',
      message: `the index \`${hide(index)}\` was passed over: it refuses to say what it has of \`${name}\` (status ${String(refusal.details?.status)})`,
      hint: refusal.hint,
    });
  }
}

async function targetArguments(
  { platform, glibc, python }: CompileRequest,
  findPython: UvCalls['parts']['findPython'],
): Promise<string[]> {
  const interpreter = await findPython(python.split('.').slice(0, 2).join('.'));
  return [
    '--python-version',
    python,
    '--python-platform',
    platformName(platform, glibc),
    '--index-strategy',
    'unsafe-best-match',
    ...(interpreter === undefined ? [] : ['--python', interpreter.executable]),
  ];
}

/** The minor versions of glibc that uv has a name for. */
const knownGlibc = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];

/** How uv calls a platform; always with its libc, because the default moves from version to version. One between two names counts as the older. */
function platformName(platform: Platform, glibc: string): string {
  const machine = {
    'linux-64': 'x86_64',
    'linux-aarch64': 'aarch64',
    'osx-64': 'x86_64',
    'osx-arm64': 'aarch64',
    'win-64': 'x86_64',
  }[platform];
  if (platform === 'win-64') return `${machine}-pc-windows-msvc`;
  if (platform.startsWith('osx')) return `${machine}-apple-darwin`;
  const [major, minor = 0] = glibc.split('.').map(Number);
  const known = knownGlibc.findLast((each) => each <= minor);
  if (major === 2 && known !== undefined) return `${machine}-manylinux_2_${known}`;
  throw new AppError('UNSUPPORTED_FEATURE', `wheels for glibc ${glibc} cannot be resolved`, {
    hint: 'The oldest that is known is 2.17: `system_requirements: {glibc: "2.17"}`.',
  });
}

/** Who wants something to move wants to know what is new now, and not what the index said ten minutes ago. */
function upgradeArguments({ upgrade }: CompileRequest, offline: boolean): string[] {
  if (upgrade === 'all') return ['--upgrade', ...(offline ? [] : ['--refresh'])];
  return upgrade.flatMap((name) => ['--upgrade-package', name, ...(offline ? [] : ['--refresh-package', name])]);
}

/** `===`, because `==1.0` means `1.0+local` too. */
function pinsOf(annotations: readonly Annotation[]): string {
  return annotations
    .flatMap(({ subject, version }) => (version === undefined ? [] : [`${subject}===${version}\n`]))
    .join('');
}

/** Where was looked. uv's own default index is known only by what it says packages came from. */
function placesOf(
  { options }: CompileRequest,
  annotations: readonly Annotation[],
  { pip, env }: UvCalls['parts'],
  hide: (text: string) => string,
): Pick<Compiled, 'indexes' | 'findLinks'> {
  const plan = planIndexes(options, pip, env);
  const findLinks = plan.findLinks.map(hide);
  if (plan.noIndex) return { indexes: [], findLinks };
  const known = new Set([...plan.extraIndexUrls, ...plan.findLinks].map(plainAddress));
  const others = [...new Set(annotations.flatMap(({ index }) => (index === undefined ? [] : [index])))].filter(
    (url) => /^https?:/.test(url) && !known.has(plainAddress(url)),
  );
  const main = plan.indexUrl === undefined ? others.sort() : [plan.indexUrl];
  return { indexes: [...main, ...plan.extraIndexUrls].map(hide), findLinks };
}

function addressesOf({ options: { indexUrl, extraIndexUrls, findLinks } }: CompileRequest): string[] {
  return [indexUrl ?? '', ...extraIndexUrls, ...findLinks];
}

function hideIn(pkg: CompiledPackage, hide: (text: string) => string): CompiledPackage {
  const inFile = <T extends CompiledFile>(file: T): T => ({
    ...file,
    url: file.url === undefined ? undefined : hide(file.url),
  });
  return {
    ...pkg,
    wheels: pkg.wheels.map(inFile),
    sdist: pkg.sdist === undefined ? undefined : inFile(pkg.sdist),
    archive: pkg.archive === undefined ? undefined : inFile(pkg.archive),
    git: pkg.git === undefined ? undefined : { ...pkg.git, url: hide(pkg.git.url) },
    index: pkg.index === undefined ? undefined : hide(pkg.index),
  };
}

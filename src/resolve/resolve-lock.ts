import { AppError, stripUserInfo } from '../errors/index.ts';
import { canonicalVersion } from '../requirements/index.ts';
import { type BuiltFrom, canonicalJson, type Definition, type FileReference, type Lock, type LockedPython, type Platform, type PypiPackage, sha256 } from '../schema/index.ts';
import { chooseWheel } from './choose-wheel.ts';
import { installOrder } from './install-order.ts';
import { lockDigest } from './lock-document.ts';
import type { CompiledPackage, PypiResolver } from './pypi-resolver.ts';
import { type RequirementsText, requirementsText } from './requirements-text.ts';

/** glibc of a lock that says nothing about it, and the macOS that wheels may ask for. */
const defaultGlibc = '2.28';
const defaultMacos = '13.0';

export interface ResolveRequest {
  definition: Definition;
  fingerprint: string;
  platform: Platform;
  python: LockedPython;
  /** The absolute path at which a file of the definition was laid out. */
  place(path: string): string;
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
  const { definition, fingerprint, platform, python } = request;
  const { layer } = definition;
  if (layer?.kind === 'conda') {
    throw new AppError('UNSUPPORTED_FEATURE', 'the environment has a conda file, and conda packages cannot be resolved yet', { hint: 'Environments with `requirements` can be locked and run.' });
  }
  const glibc = definition.systemRequirements?.glibc ?? defaultGlibc;
  const text = requirementsText(layer?.entries ?? [], request.place);
  const target = { platform, python: python.version, glibc };
  const compiled =
    text.requirements === ''
      ? { packages: [], indexes: [] }
      : await pypi.compile({
          ...target,
          requirements: text.requirements,
          constraints: text.constraints,
          preferences: preferencesOf(request.seed),
          upgrade: request.upgrade ?? [],
          options: text.options,
        });
  const packages: PypiPackage[] = [];
  for (const each of compiled.packages) packages.push(await lockPackage(each, { text, target, pypi, seed: request.seed }));
  const content: Omit<Lock, 'digest'> = {
    lockVersion: 1,
    fingerprint,
    platform,
    python,
    inputs: {
      channels: [],
      indexes: compiled.indexes.map(withoutCredentials),
      findLinks: text.options.findLinks.map(withoutCredentials),
      virtualPackages: virtualPackages(definition, platform, glibc),
      tools: { [pypi.tool.name]: pypi.tool.version },
    },
    packages: installOrder(packages),
  };
  return { ...content, digest: lockDigest(content) };
}

function preferencesOf(seed: Lock | undefined): { name: string; version: string }[] {
  return seed?.packages.filter(({ builtFrom, local }) => builtFrom === undefined && local === undefined).map(({ name, version }) => ({ name, version })) ?? [];
}

function virtualPackages(definition: Definition, platform: Platform, glibc: string): Record<string, string> {
  const { cuda, archspec } = definition.systemRequirements ?? {};
  return {
    ...(platform.startsWith('linux') ? { __glibc: glibc } : platform.startsWith('osx') ? { __osx: defaultMacos } : {}),
    ...(cuda === undefined ? {} : { __cuda: cuda }),
    ...(archspec === undefined ? {} : { __archspec: archspec }),
  };
}

interface PackageContext {
  text: RequirementsText;
  target: { platform: Platform; python: string; glibc: string };
  pypi: PypiResolver;
  seed: Lock | undefined;
}

async function lockPackage(compiled: CompiledPackage, context: PackageContext): Promise<PypiPackage> {
  const { name, dependencies, requested } = compiled;
  const base = { kind: 'pypi' as const, name, dependencies: [...dependencies].sort(), requested };
  const local = localFile(compiled, context.text);
  if (local?.kind === 'wheel') {
    const filename = local.file.path.split('/').at(-1) ?? '';
    return { ...base, version: canonicalVersion(compiled.version ?? filename.split('-')[1] ?? ''), filename, sha256: local.file.digest, size: local.file.size, local: local.file.path };
  }
  const { archive } = compiled;
  if (archive?.url !== undefined && archive.filename.endsWith('.whl')) {
    const { sha256: digest, size } = await context.pypi.measure(archive);
    return { ...base, version: canonicalVersion(compiled.version ?? ''), filename: archive.filename, url: stripUserInfo(archive.url), sha256: digest, size };
  }
  const source = sourceOf(compiled, local);
  if (source !== undefined) return { ...base, ...(await build(compiled, source, context)) };
  return { ...base, ...(await indexWheel(compiled, context)), index: compiled.index === undefined ? undefined : withoutCredentials(compiled.index) };
}

function localFile({ directory, archive }: CompiledPackage, text: RequirementsText): { file: FileReference; kind: 'wheel' | 'sdist' | 'project'; path: string } | undefined {
  const path = directory ?? archive?.path;
  const found = path === undefined ? undefined : text.local.get(path);
  return found === undefined || path === undefined ? undefined : { ...found, path };
}

interface Source {
  builtFrom: BuiltFrom;
  request: Parameters<PypiResolver['build']>[1]['source'];
}

/** Where a package comes from that has to be built; undefined for those with wheels. */
function sourceOf(compiled: CompiledPackage, local: ReturnType<typeof localFile>): Source | undefined {
  const { git, archive, sdist, wheels } = compiled;
  if (local !== undefined) {
    const { file, kind, path } = local;
    const builtFrom: BuiltFrom = { kind: kind === 'project' ? 'project' : 'sdist', url: file.path, digest: file.digest };
    return { builtFrom, request: kind === 'project' ? { kind: 'folder', path } : { kind: 'file', path, filename: path.split('/').at(-1) ?? '' } };
  }
  if (git !== undefined) {
    const builtFrom: BuiltFrom = { kind: 'git', url: `git+${stripUserInfo(git.url)}@${git.commit}`, subdirectory: git.subdirectory };
    return { builtFrom, request: { kind: 'git', url: git.url, commit: git.commit } };
  }
  const file = archive ?? (wheels.length === 0 ? sdist : undefined);
  if (file === undefined) return undefined;
  const builtFrom: BuiltFrom = { kind: archive === undefined ? 'sdist' : 'archive', url: stripUserInfo(file.url ?? file.path ?? ''), digest: file.sha256, subdirectory: archive?.subdirectory };
  return { builtFrom, request: { kind: 'file', path: file.path, url: file.url, sha256: file.sha256, filename: file.filename } };
}

type Locked = Pick<PypiPackage, 'version' | 'filename' | 'url' | 'sha256' | 'size' | 'builtFrom'>;

async function build(compiled: CompiledPackage, source: Source, { target, pypi, seed, text }: PackageContext): Promise<Locked> {
  const { name } = compiled;
  const same = seed?.packages.find((each) => each.name === name && canonicalJson(each.builtFrom ?? null) === canonicalJson(source.builtFrom));
  if (same !== undefined && seed?.platform === target.platform && seed.python.version === target.python) {
    return { version: same.version, filename: same.filename, sha256: same.sha256, size: same.size, builtFrom: source.builtFrom };
  }
  checkHashes(name, source.builtFrom.digest, text);
  if (!(await pypi.canBuild(target.platform, target.python))) {
    throw new AppError('BUILD_FAILED', `\`${name}\` has no wheel for Python ${target.python} on ${target.platform}, and its source can be built only on that platform with that Python`, {
      hint: `Lock it on such a machine, or choose a version of \`${name}\` that has wheels.`,
    });
  }
  const key = sha256(canonicalJson({ ...source.builtFrom, platform: target.platform, python: target.python }));
  const subdirectory = source.builtFrom.subdirectory;
  const built = await pypi.build(key, { name, source: source.request, subdirectory, python: target.python, options: text.options });
  return { version: built.version, filename: built.filename, sha256: built.sha256, size: built.size, builtFrom: source.builtFrom };
}

async function indexWheel(compiled: CompiledPackage, { target, pypi, text }: PackageContext): Promise<Locked> {
  const { name, version, wheels } = compiled;
  const allowed = text.hashes.get(name);
  const offered = allowed === undefined ? wheels : wheels.filter(({ sha256: digest }) => digest === undefined || allowed.has(digest));
  const wheel = chooseWheel(offered, target);
  if (wheel === undefined) {
    if (wheels.length > offered.length) checkHashes(name, wheels[0]?.sha256, text);
    throw new AppError('UNSOLVABLE', `\`${name}\` ${version ?? ''} has no wheel for Python ${target.python} on ${target.platform}`, {
      hint: 'Choose another version of it, or another Python in `python: {version: …}`.',
    });
  }
  const isComplete = wheel.sha256 !== undefined && wheel.size !== undefined;
  const measured = isComplete ? { sha256: wheel.sha256 ?? '', size: wheel.size ?? 0 } : await pypi.measure(wheel);
  checkHashes(name, measured.sha256, text);
  return { version: canonicalVersion(version ?? ''), filename: wheel.filename, url: wheel.url === undefined ? undefined : stripUserInfo(wheel.url), ...measured };
}

/** pip's rule: where the requirements name digests, only those may be used; with `--require-hashes` every package needs one. */
function checkHashes(name: string, digest: string | undefined, { hashes, requireHashes }: RequirementsText): void {
  const allowed = hashes.get(name);
  if (allowed === undefined) {
    if (!requireHashes) return;
    throw new AppError('UNSOLVABLE', `\`--require-hashes\` is on, and there is no \`--hash\` for \`${name}\``, { hint: 'List it with its digest, also if another package needs it.' });
  }
  if (digest !== undefined && allowed.has(digest)) return;
  throw new AppError('DIGEST_MISMATCH', `no file of \`${name}\` that fits has one of the digests that the requirements name`, {
    hint: 'The index serves other files than when the digests were written down, or none of them is for this platform and Python.',
  });
}

function withoutCredentials(text: string): string {
  return stripUserInfo(text).replace(/\/+$/, '');
}

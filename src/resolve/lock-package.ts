import { AppError, stripUserInfo } from '../errors/index.ts';
import { canonicalVersion } from '../requirements/index.ts';
import {
  type BuiltFrom,
  canonicalJson,
  type FileReference,
  type Lock,
  type Platform,
  type PypiPackage,
  sha256,
} from '../schema/index.ts';
import { chooseWheel } from './choose-wheel.ts';
import type { BuildRequest, CompiledFile, CompiledPackage, PypiResolver } from './pypi-resolver.ts';
import type { RequirementsText } from './requirements-text.ts';

export interface PackageContext {
  text: RequirementsText;
  target: { platform: Platform; python: string; glibc: string };
  pypi: PypiResolver;
  seed: Lock | undefined;
}

/** What the lock says of a package: which wheel, and where its bytes come from. What has no wheel is built. */
export async function lockPackage(compiled: CompiledPackage, context: PackageContext): Promise<PypiPackage> {
  const { name, requested } = compiled;
  const dependencies = [...new Set(compiled.dependencies)].filter((each) => each !== name).sort();
  const base = { kind: 'pypi' as const, name, dependencies, requested };
  const local = localFile(compiled, context.text);
  if (local?.kind === 'wheel') return { ...base, ...localWheel(compiled, local.file) };
  if (local === undefined && compiled.archive?.filename.endsWith('.whl') === true) {
    return { ...base, ...(await archiveWheel(compiled, compiled.archive, context)) };
  }
  const source = sourceOf(compiled, local);
  if (source !== undefined) return { ...base, ...(await build(compiled, source, context)) };
  return { ...base, ...(await fromIndex(compiled, context)) };
}

type Locked = Pick<PypiPackage, 'version' | 'filename' | 'url' | 'index' | 'sha256' | 'size' | 'builtFrom' | 'local'>;

interface LocalFile {
  file: FileReference;
  kind: 'wheel' | 'sdist' | 'project';
  path: string;
}

function localFile({ directory, archive }: CompiledPackage, text: RequirementsText): LocalFile | undefined {
  const path = directory ?? archive?.path;
  const found = path === undefined ? undefined : text.local.get(path);
  return found === undefined || path === undefined ? undefined : { ...found, path };
}

function localWheel({ version }: CompiledPackage, file: FileReference): Locked {
  const filename = file.path.split('/').at(-1) ?? '';
  return {
    version: canonicalVersion(version ?? filename.split('-')[1] ?? ''),
    filename,
    sha256: file.digest,
    size: file.size,
    local: file.path,
  };
}

async function archiveWheel(
  { name, version }: CompiledPackage,
  archive: CompiledFile,
  { pypi, text }: PackageContext,
): Promise<Locked> {
  const measured = await pypi.measure(archive);
  checkHashes(name, measured.sha256, text);
  const url = stripUserInfo(archive.url ?? '');
  return {
    version: canonicalVersion(version ?? archive.filename.split('-')[1] ?? ''),
    filename: archive.filename,
    url,
    ...measured,
  };
}

/** The wheel that fits; where there is none, its source is built. */
async function fromIndex(compiled: CompiledPackage, context: PackageContext): Promise<Locked> {
  const { name, version, wheels, sdist } = compiled;
  const { target, pypi, text } = context;
  const allowed = text.hashes.get(name);
  const offered =
    allowed === undefined ? wheels : wheels.filter(({ sha256: digest }) => digest === undefined || allowed.has(digest));
  // The resolver offers only what fits, and may know tags that we cannot rank.
  const wheel = chooseWheel(offered, target) ?? offered[0];
  if (wheel !== undefined) {
    const isComplete = wheel.sha256 !== undefined && wheel.size !== undefined;
    const measured = isComplete ? { sha256: wheel.sha256 ?? '', size: wheel.size ?? 0 } : await pypi.measure(wheel);
    checkHashes(name, measured.sha256, text);
    return {
      version: canonicalVersion(version ?? ''),
      filename: wheel.filename,
      url: wheel.url === undefined ? undefined : stripUserInfo(wheel.url),
      index: compiled.index === undefined ? undefined : stripUserInfo(compiled.index).replace(/\/+$/, ''),
      ...measured,
    };
  }
  if (sdist !== undefined) return await build(compiled, fileSource('sdist', sdist), context);
  checkHashes(name, wheels[0]?.sha256, text);
  throw new AppError(
    'UNSOLVABLE',
    `\`${name}\` ${version ?? ''} has no wheel for Python ${target.python} on ${target.platform}`,
    {
      hint: 'Choose another version of it, or another Python in `python: {version: …}`.',
    },
  );
}

interface Source {
  builtFrom: BuiltFrom;
  request: BuildRequest['source'];
}

/** Where a package comes from that the definition does not take from an index. */
function sourceOf({ git, archive }: CompiledPackage, local: LocalFile | undefined): Source | undefined {
  if (local !== undefined) {
    const { file, kind, path } = local;
    if (kind === 'project')
      return { builtFrom: { kind, url: file.path, digest: file.digest }, request: { kind: 'folder', path } };
    return {
      builtFrom: { kind: 'sdist', url: file.path, digest: file.digest },
      request: { kind: 'file', path, filename: path.split('/').at(-1) ?? '' },
    };
  }
  if (git !== undefined) {
    const { url, commit, subdirectory } = git;
    return {
      builtFrom: { kind: 'git', url: `git+${stripUserInfo(url)}@${commit}`, subdirectory },
      request: { kind: 'git', url, commit },
    };
  }
  return archive === undefined ? undefined : fileSource('archive', archive);
}

function fileSource(kind: 'sdist' | 'archive', file: CompiledFile & { subdirectory?: string }): Source {
  return {
    builtFrom: {
      kind,
      url: stripUserInfo(file.url ?? file.path ?? ''),
      digest: file.sha256,
      subdirectory: file.subdirectory,
    },
    request: { kind: 'file', path: file.path, url: file.url, sha256: file.sha256, filename: file.filename },
  };
}

async function build(
  { name }: CompiledPackage,
  { builtFrom, request }: Source,
  { target, pypi, seed, text }: PackageContext,
): Promise<Locked> {
  const { subdirectory } = builtFrom;
  const isOwn = request.kind === 'folder' || (request.kind === 'file' && text.local.has(request.path ?? ''));
  // What comes with the definition is part of its fingerprint; nobody can put another file in its place.
  if (!isOwn) checkHashes(name, builtFrom.digest, text);
  const known =
    seed?.platform === target.platform && seed.python?.version === target.python
      ? seed.packages.filter((each) => each.kind === 'pypi').find((each) => each.name === name)
      : undefined;
  if (known !== undefined && canonicalJson(known.builtFrom ?? null) === canonicalJson(builtFrom)) {
    return { version: known.version, filename: known.filename, sha256: known.sha256, size: known.size, builtFrom };
  }
  if (!(await pypi.canBuild(target.platform, target.python))) {
    throw new AppError(
      'BUILD_FAILED',
      `\`${name}\` has no wheel for Python ${target.python} on ${target.platform}, and its source can be built only on that platform with that Python`,
      {
        hint: `Lock it on such a machine, or choose a version of \`${name}\` that has wheels.`,
      },
    );
  }
  const configSettings = text.configSettings.get(name) ?? [];
  const key = sha256(canonicalJson({ ...builtFrom, configSettings, platform: target.platform, python: target.python }));
  const built = await pypi.build(key, {
    name,
    source: request,
    subdirectory,
    python: target.python,
    configSettings,
    options: text.options,
  });
  return {
    version: canonicalVersion(built.version),
    filename: built.filename,
    sha256: built.sha256,
    size: built.size,
    builtFrom,
  };
}

/** pip's rule: where the requirements name digests, only those may be used, and every package needs one. */
function checkHashes(name: string, digest: string | undefined, { hashes, requireHashes }: RequirementsText): void {
  const allowed = hashes.get(name);
  if (allowed === undefined) {
    if (!requireHashes) return;
    throw new AppError(
      'UNSOLVABLE',
      `the requirements have digests (\`--hash\` or \`--require-hashes\`), and there is none for \`${name}\``,
      {
        hint: 'As in pip, every package then needs one, also those that only another package needs.',
      },
    );
  }
  if (digest !== undefined && allowed.has(digest)) return;
  throw new AppError(
    'DIGEST_MISMATCH',
    `no file of \`${name}\` that fits has one of the digests that the requirements name`,
    {
      hint: 'The index serves other files than when the digests were written down, or none of them is for this platform and Python.',
    },
  );
}

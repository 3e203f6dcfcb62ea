import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError } from '../../errors/index.ts';
import { createTemporaryFolder, currentPlatform, ensureFolder, hashFile, type Http, type Interpreter, readTextIfExists, removeTree, runProcess, withFileLock, writeAtomically } from '../../io/index.ts';
import { type Emit, step } from '../../report/index.ts';
import { parseWheelFilename } from '../../requirements/index.ts';
import type { BuildRequest, BuiltWheel, CompileRequest, PypiOptions, PypiResolver } from '../../resolve/index.ts';
import type { Platform } from '../../schema/index.ts';
import type { Uv } from './ensure-uv.ts';
import type { PipConfiguration } from './pip-configuration.ts';
import { planIndexes, uvEnvironment } from './uv-environment.ts';
import { uvError } from './uv-errors.ts';
import { parseAnnotations, parseCompiled } from './uv-output.ts';

export interface UvResolverParts {
  uv: Uv;
  pip: PipConfiguration;
  http: Http;
  env: Record<string, string | undefined>;
  storeRoot: string;
  offline: boolean;
  emit: Emit;
  signal?: AbortSignal;
  /** An interpreter of this minor, or undefined. */
  findPython(minor: string): Promise<Interpreter | undefined>;
  /** Takes a file into the store. */
  keep(file: string): Promise<{ sha256: string; size: number }>;
  hasArchive(sha256: string): Promise<boolean>;
}

/** Seconds since 1970 of 1980-01-01, the earliest that a zip can say: builds that honour it come out alike. */
const sourceDateEpoch = '315532800';

const platformNames: Readonly<Record<Exclude<Platform, 'linux-64' | 'linux-aarch64'>, string>> = {
  'osx-64': 'x86_64-apple-darwin',
  'osx-arm64': 'aarch64-apple-darwin',
  'win-64': 'x86_64-pc-windows-msvc',
};

/** PyPI through uv. */
export function createUvResolver(parts: UvResolverParts): PypiResolver {
  const { uv, pip, env, storeRoot, offline, emit, signal } = parts;
  const common = ['--no-config', '--cache-dir', join(storeRoot, 'uv-cache'), ...(offline ? ['--offline'] : [])];

  const call = async (args: readonly string[], options: PypiOptions, subject: string, cwd?: string, extra: Record<string, string> = {}): Promise<string> => {
    const plan = planIndexes(options, pip, env);
    const result = await runProcess(uv.path, [...args, ...common], { env: { ...uvEnvironment(plan, pip, env), ...extra }, signal, cwd });
    if (result.exitCode === 0) return result.stdout;
    throw uvError(result.stderr || result.stdout, subject, offline);
  };

  const compile: PypiResolver['compile'] = async (request) =>
    await step(emit, `Resolving for Python ${request.python} on ${request.platform}`, async (current) => {
      const folder = await createTemporaryFolder(join(storeRoot, 'tmp'), 'resolve-');
      try {
        const compiled = await compileIn(folder, request);
        current.finish('done', `${compiled.packages.length} packages`);
        return compiled;
      } finally {
        await removeTree(folder);
      }
    });

  const compileIn = async (folder: string, request: CompileRequest): ReturnType<PypiResolver['compile']> => {
    const { options } = request;
    const files = { requirements: join(folder, 'requirements.in'), constraints: join(folder, 'constraints.txt'), output: join(folder, 'resolved.txt') };
    await writeAtomically(files.requirements, request.requirements);
    await writeAtomically(files.constraints, request.constraints);
    const preferences = request.upgrade === 'all' ? [] : request.preferences;
    await writeAtomically(files.output, preferences.map(({ name, version }) => `${name}==${version}\n`).join(''));
    const args = [...(await targetArguments(request)), ...binaryArguments(options, pip), '-c', files.constraints, ...pip.constraints.flatMap((path) => ['-c', path])];
    const upgrades = request.upgrade === 'all' ? ['--upgrade'] : request.upgrade.flatMap((name) => ['--upgrade-package', name]);
    const subject = 'resolving';
    await call(['pip', 'compile', files.requirements, '-o', files.output, '--quiet', '--no-header', '--annotation-style', 'split', '--emit-index-annotation', ...args, ...upgrades], options, subject, folder);
    const annotations = parseAnnotations((await readTextIfExists(files.output)) ?? '');
    // The same resolution once more, from the cache, for the files: what was found is now a constraint.
    await writeAtomically(files.constraints, request.constraints + [...annotations.version].map(([name, version]) => `${name}==${version}\n`).join(''));
    const pylock = await call(['pip', 'compile', files.requirements, '--format', 'pylock.toml', '--quiet', '--no-header', '--prerelease', 'allow', ...args.filter(notPrerelease)], options, subject, folder);
    const plan = planIndexes(options, pip, env);
    const configured = plan.noIndex ? [] : [...(plan.indexUrl === undefined ? [] : [plan.indexUrl]), ...plan.extraIndexUrls];
    return { packages: parseCompiled(pylock, annotations, folder), indexes: [...new Set([...configured, ...(plan.indexUrl === undefined ? defaultsOf(annotations.index, configured) : [])])] };
  };

  const targetArguments = async ({ platform, glibc, python }: CompileRequest): Promise<string[]> => {
    const machine = { 'linux-64': 'x86_64', 'linux-aarch64': 'aarch64' }[platform as string];
    const name = machine === undefined ? platformNames[platform as keyof typeof platformNames] : `${machine}-manylinux_${glibc.replace('.', '_')}`;
    const interpreter = await parts.findPython(python);
    return ['--python-version', python, '--python-platform', name, '--index-strategy', 'unsafe-best-match', ...(interpreter === undefined ? [] : ['--python', interpreter.executable])];
  };

  const build = async (key: string, request: BuildRequest): Promise<BuiltWheel> => {
    const note = join(storeRoot, 'built', `${key}.json`);
    return await withFileLock(join(storeRoot, 'locks', `build-${key}`), async () => {
      const known = await readBuilt(note);
      if (known !== undefined && (await parts.hasArchive(known.sha256))) return known;
      const built = await step(emit, `Building ${request.name}`, async () => await buildIn(request));
      await writeAtomically(note, JSON.stringify(built));
      return built;
    });
  };

  const buildIn = async (request: BuildRequest): Promise<BuiltWheel> => {
    const folder = await createTemporaryFolder(join(storeRoot, 'tmp'), 'build-');
    try {
      const source = await layOut(request, folder);
      const output = join(folder, 'wheel');
      await ensureFolder(output);
      const interpreter = await parts.findPython(request.python);
      const args = ['build', '--wheel', '--quiet', '--out-dir', output, '--index-strategy', 'unsafe-best-match', ...(interpreter === undefined ? [] : ['--python', interpreter.executable]), source];
      await call(args, request.options, `building \`${request.name}\``, folder, { SOURCE_DATE_EPOCH: sourceDateEpoch });
      const filename = (await readdir(output)).find((name) => name.endsWith('.whl'));
      const wheel = filename === undefined ? undefined : parseWheelFilename(filename);
      if (filename === undefined || wheel === undefined) throw new AppError('BUILD_FAILED', `building \`${request.name}\` made no wheel`, { hint: 'Report it to those who publish the package.' });
      return { filename, version: wheel.version, ...(await parts.keep(join(output, filename))) };
    } catch (error) {
      if (isAppError(error) && ['UNSOLVABLE', 'HTTP_ERROR'].includes(error.code)) {
        throw new AppError('BUILD_FAILED', error.message, { hint: 'Choose a version that has wheels, or install what the build needs on this machine.', cause: error });
      }
      throw error;
    } finally {
      await removeTree(folder);
    }
  };

  /** Brings a source into `folder`; the path to build. */
  const layOut = async ({ source, subdirectory, name }: BuildRequest, folder: string): Promise<string> => {
    if (source.kind === 'folder') return source.path;
    if (source.kind === 'git') {
      const checkout = join(folder, 'source');
      const steps = [['clone', '--quiet', '--no-checkout', source.url, checkout], ['-C', checkout, 'checkout', '--quiet', source.commit], ['-C', checkout, 'submodule', '--quiet', 'update', '--init', '--recursive']];
      for (const args of steps) {
        const { exitCode, stderr } = await runProcess('git', args, { env: { ...env, GIT_TERMINAL_PROMPT: '0' }, signal });
        if (exitCode !== 0) throw new AppError('BUILD_FAILED', `the source of \`${name}\` cannot be fetched: ${stderr.trim().split('\n').at(-1) ?? ''}`, { hint: 'Check the address, and whether you may read it.' });
      }
      return subdirectory === undefined ? checkout : join(checkout, subdirectory);
    }
    const file = join(folder, source.filename);
    if (source.path === undefined) await parts.http.download(source.url ?? '', file, { sha256: source.sha256, signal });
    else await copyFile(source.path, file);
    return file;
  };

  return {
    tool: { name: 'uv', version: uv.version },
    compile,
    build,
    measure: async (file) => {
      const folder = await createTemporaryFolder(join(storeRoot, 'tmp'), 'measure-');
      try {
        const target = join(folder, file.filename);
        if (file.path === undefined) await parts.http.download(file.url ?? '', target, { sha256: file.sha256, signal });
        else await copyFile(file.path, target);
        const { sha256, size } = await hashFile(target);
        await parts.keep(target);
        return { sha256, size };
      } finally {
        await removeTree(folder);
      }
    },
    canBuild: async (platform, python) => platform === currentPlatform() && (await parts.findPython(python)) !== undefined,
  };
}

function binaryArguments(options: PypiOptions, pip: PipConfiguration): string[] {
  const expand = (flag: string, names: readonly string[]): string[] => names.flatMap((name) => [flag, name]);
  return [
    ...expand('--no-binary', [...pip.noBinary, ...options.noBinary].filter((name) => name !== ':none:')),
    ...expand('--only-binary', [...pip.onlyBinary, ...options.onlyBinary].filter((name) => name !== ':none:')),
    ...(options.noIndex ? ['--no-index'] : []),
    ...(options.pre || pip.pre ? ['--prerelease', 'allow'] : []),
  ];
}

/** The second pass allows pre-releases anyway, because its pins may be some. */
function notPrerelease(argument: string, index: number, all: readonly string[]): boolean {
  return argument !== '--prerelease' && all[index - 1] !== '--prerelease';
}

/** uv's own default index is known only by what it says packages came from. */
function defaultsOf(index: ReadonlyMap<string, string>, configured: readonly string[]): string[] {
  const plain = new Set(configured.map((url) => url.replace(/\/\/[^/@]*@/, '//').replace(/\/+$/, '')));
  return [...new Set(index.values())].filter((url) => /^https?:/.test(url) && !plain.has(url.replace(/\/+$/, ''))).sort();
}

async function readBuilt(path: string): Promise<BuiltWheel | undefined> {
  const text = await readTextIfExists(path);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as BuiltWheel);
  } catch {
    return undefined;
  }
}

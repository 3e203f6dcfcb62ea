import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import {
  createTemporaryFolder,
  currentPlatform,
  ensureFolder,
  type Http,
  type Interpreter,
  readTextIfExists,
  removeTree,
  runProcess,
  withFileLock,
  writeAtomically,
} from '../../io/index.ts';
import { type Emit, formatCount, step } from '../../report/index.ts';
import { parseWheelFilename } from '../../requirements/index.ts';
import type { BuildRequest, BuiltWheel, PypiOptions, PypiResolver } from '../../resolve/index.ts';
import { compile } from './compile.ts';
import type { Uv } from './ensure-uv.ts';
import { layOutSource } from './lay-out-source.ts';
import { measureFile } from './measure-file.ts';
import type { PipConfiguration } from './pip-configuration.ts';
import { planIndexes, uvEnvironment } from './uv-environment.ts';
import { buildError } from './uv-errors.ts';

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
  findPython: (minor: string) => Promise<Interpreter | undefined>;
  /** Takes a file into the store. */
  keep: (file: string) => Promise<{ sha256: string; size: number }>;
  hasArchive: (sha256: string) => Promise<boolean>;
}

/** What calls of uv share. */
export interface UvCalls {
  parts: UvResolverParts;
  /** Runs uv with the indexes of `options`; what it says of a failure becomes an error by `toError`. */
  call: (call: UvCall) => Promise<string>;
}

export interface UvCall {
  args: readonly string[];
  options: PypiOptions;
  folder: string;
  env?: Record<string, string>;
  toError: (stderr: string) => AppError;
}

/** Seconds since 1970 of 1980-01-01, the earliest that a zip can say: builds that honour it come out alike. */
const sourceDateEpoch = '315532800';

const Built = z.object({ filename: z.string(), version: z.string(), sha256: z.string(), size: z.number() });

/** PyPI through uv. */
export function createUvResolver(parts: UvResolverParts): PypiResolver {
  const { uv, pip, env, storeRoot, offline, emit, signal } = parts;
  const common = ['--no-config', '--cache-dir', join(storeRoot, 'uv-cache'), ...(offline ? ['--offline'] : [])];

  const call: UvCalls['call'] = async ({ args, options, folder, env: extra, toError }) => {
    const plan = planIndexes(options, pip, env);
    const uvEnv = { ...uvEnvironment(plan, pip, env), ...extra };
    const all = [...args, ...common, ...(plan.noIndex ? ['--no-index'] : [])];
    const result = await runProcess(uv.path, all, { env: uvEnv, signal, cwd: folder });
    if (result.exitCode === 0) return result.stdout;
    throw toError((result.stderr || result.stdout).replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, ''));
  };

  const inTemporaryFolder = async <T>(prefix: string, work: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await createTemporaryFolder(join(storeRoot, 'tmp'), prefix);
    try {
      // uv answers with real paths.
      return await work(await realpath(folder));
    } finally {
      await removeTree(folder);
    }
  };

  const build = async (key: string, request: BuildRequest): Promise<BuiltWheel> => {
    const note = join(storeRoot, 'built', `${key}.json`);
    return await withFileLock(
      join(storeRoot, 'locks', `build-${key}`),
      async () => {
        const known = await readBuilt(note);
        if (known !== undefined && (await parts.hasArchive(known.sha256))) return known;
        const built = await step(
          emit,
          `Building ${request.name}`,
          async () => await inTemporaryFolder('build-', async (folder) => await buildIn(folder, request)),
        );
        await writeAtomically(note, JSON.stringify(built));
        return built;
      },
      { signal },
    );
  };

  const buildIn = async (folder: string, request: BuildRequest): Promise<BuiltWheel> => {
    const interpreter = await parts.findPython(request.python);
    const source = await layOutSource(request, folder, {
      http: parts.http,
      env,
      python: interpreter?.executable,
      signal,
    });
    const output = join(folder, 'wheel');
    await ensureFolder(output);
    const args = [
      'build',
      '--wheel',
      '--out-dir',
      output,
      '--index-strategy',
      'unsafe-best-match',
      ...request.configSettings.flatMap((setting) => ['--config-setting', setting]),
      ...(interpreter === undefined ? [] : ['--python', interpreter.executable]),
      source,
    ];
    const subject = `building \`${request.name}\``;
    await call({
      args,
      options: request.options,
      folder,
      env: { SOURCE_DATE_EPOCH: sourceDateEpoch },
      toError: (stderr) => buildError(stderr, subject, offline),
    });
    const filename = (await readdir(output)).find((name) => name.endsWith('.whl'));
    const wheel = filename === undefined ? undefined : parseWheelFilename(filename);
    if (filename === undefined || wheel === undefined) {
      throw new AppError('BUILD_FAILED', `${subject} made no wheel`, {
        hint: 'Report it to those who publish the package.',
      });
    }
    return { filename, version: wheel.version, ...(await parts.keep(join(output, filename))) };
  };

  return {
    tool: { name: 'uv', version: uv.version },
    compile: async (request) =>
      await step(emit, `Resolving for Python ${request.python} on ${request.platform}`, async (current) => {
        const compiled = await inTemporaryFolder(
          'resolve-',
          async (folder) => await compile(request, folder, { parts, call }),
        );
        current.finish('done', formatCount(compiled.packages.length, 'package'));
        return compiled;
      }),
    build,
    measure: async (file) => await measureFile(file, parts),
    canBuild: async (platform, python) =>
      platform === currentPlatform() && (await parts.findPython(python)) !== undefined,
  };
}

async function readBuilt(path: string): Promise<BuiltWheel | undefined> {
  const text = await readTextIfExists(path);
  try {
    return text === undefined ? undefined : Built.parse(JSON.parse(text));
  } catch {
    // A note that cannot be read is like none.
    return undefined;
  }
}

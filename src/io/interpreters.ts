import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import * as z from 'zod';
import { AppError, isAppError } from '../errors/index.ts';
import { canonicalJson, sha256 } from '../schema/index.ts';
import { readTextIfExists, writeAtomically } from './files.ts';
import { runProcess } from './process.ts';

/** A Python of this machine: the base interpreter, not a virtual environment's. */
export const Interpreter = z.object({
  /** Absolute, as `bin/python` of a prefix will name it. */
  executable: z.string(),
  /** The folder of the executable. */
  home: z.string(),
  /** "3.11.7" */
  version: z.string(),
  /** "3.11" */
  minor: z.string(),
  implementation: z.string(),
  /** Of the libc that it was linked with, where it is glibc. */
  glibc: z.string().nullable(),
  /** "linux-64" as Python sees it: `sysconfig.get_platform()`. */
  platform: z.string(),
});
export type Interpreter = z.infer<typeof Interpreter>;

/** What is kept of a program that was asked: that it is no Python is worth knowing too. */
const Answer = z.union([Interpreter, z.object({ none: z.literal(true) })]);

export interface InterpreterSearch {
  env: Record<string, string | undefined>;
  home: string;
  /** Where answers are kept, so that a second look starts no process. */
  cacheFolder: string;
}

/** What an interpreter says of itself. A virtual environment's answers for its base. */
const probe = `
import sys, json, platform, sysconfig, os
base = getattr(sys, '_base_executable', None) or sys.executable
libc = platform.libc_ver()
print(json.dumps({
  'executable': base, 'home': os.path.dirname(base), 'version': '.'.join(map(str, sys.version_info[:3])),
  'minor': '.'.join(map(str, sys.version_info[:2])), 'implementation': sys.implementation.name,
  'glibc': libc[1] if libc[0] == 'glibc' else None, 'platform': sysconfig.get_platform()}))
`;

/**
 * Asks an interpreter what it is. Answers are kept by path, size and time of the file.
 * @throws AppError PYTHON_NOT_FOUND if it is none, or does not run.
 */
export async function inspectInterpreter(path: string, search: InterpreterSearch): Promise<Interpreter> {
  const cached = join(search.cacheFolder, `${sha256(canonicalJson(identity(path, search)))}.json`);
  const known = Answer.safeParse(parse(await readTextIfExists(cached)));
  const answer = known.success ? known.data : await ask(path, search);
  if (!known.success) await writeAtomically(cached, JSON.stringify(answer)).catch(() => undefined);
  if ('executable' in answer) return answer;
  throw notPython(path);
}

async function ask(path: string, { env }: InterpreterSearch): Promise<z.infer<typeof Answer>> {
  const { PYTHONHOME: _home, PYTHONPATH: _path, ...clean } = env;
  try {
    const { exitCode, stdout } = await runProcess(path, ['-I', '-c', probe], { env: clean, timeout: 20_000 });
    const found = Interpreter.safeParse(parse(stdout));
    if (exitCode === 0 && found.success) return found.data;
    return { none: true };
  } catch (error) {
    // A machine under load may take too long: that says nothing about the next time.
    if (isAppError(error, 'TIMEOUT')) throw notPython(path, error);
    return { none: true };
  }
}

function notPython(path: string, cause?: unknown): AppError {
  return new AppError('PYTHON_NOT_FOUND', `\`${path}\` is no Python that runs`, {
    hint: '`terroir doctor` lists the interpreters of this machine.',
    cause,
  });
}

/**
 * The first interpreter that fits: PATH's `python3` first, then the others of the machine. `fits` gets the minor and the full version.
 * @throws AppError PYTHON_NOT_FOUND naming what was found.
 */
export async function findInterpreter(
  search: InterpreterSearch,
  wanted: { fits: (interpreter: Interpreter) => boolean; subject: string; minor?: string },
): Promise<Interpreter> {
  const seen: Interpreter[] = [];
  for await (const interpreter of interpreters(search, wanted.minor)) {
    if (wanted.fits(interpreter)) return interpreter;
    seen.push(interpreter);
  }
  const list = [...new Set(seen.map(({ version, executable }) => `${version} (${executable})`))];
  const found = list.length === 0 ? 'No Python was found.' : `Found: ${list.join(', ')}.`;
  throw new AppError('PYTHON_NOT_FOUND', `${wanted.subject} is not on this machine`, {
    hint: `${found} Install it (\`uv python install ${wanted.minor ?? '3.12'}\`, pyenv, or your system’s packages), or name another one in \`python: {version: …}\`.`,
  });
}

/** Every interpreter of the machine (CPython), each once. */
export async function listInterpreters(search: InterpreterSearch): Promise<Interpreter[]> {
  const found: Interpreter[] = [];
  for await (const interpreter of interpreters(search, undefined)) found.push(interpreter);
  return found;
}

async function* interpreters(search: InterpreterSearch, minor: string | undefined): AsyncGenerator<Interpreter> {
  const seen = new Set<string>();
  for await (const path of candidates(search, minor)) {
    const real = realPath(path);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    const interpreter = await inspectInterpreter(path, search).catch(() => undefined);
    // A broken link or a shim without a version behind it is no interpreter.
    if (interpreter === undefined) continue;
    const base = realPath(interpreter.executable) ?? interpreter.executable;
    const isNew = base === real || !seen.has(base);
    seen.add(base);
    if (isNew && interpreter.implementation === 'cpython') yield interpreter;
  }
}

/** Paths that may be interpreters, the likely ones first; folders are read only for who has not found one before. */
async function* candidates({ env, home }: InterpreterSearch, minor: string | undefined): AsyncGenerator<string> {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const names = [...(minor === undefined ? [] : [`python${minor}`]), 'python3', 'python'];
  yield* names.flatMap((name) => folders.map((folder) => join(folder, name))).filter(isFile);
  const managed = env.UV_PYTHON_INSTALL_DIR ?? join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'uv', 'python');
  const others = [
    await binFolders(join(pyenvRoot({ env, home }), 'versions')),
    await binFolders(managed),
    ['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'],
    [join(home, 'miniconda3', 'bin'), join(home, 'miniforge3', 'bin'), '/opt/conda/bin'],
    folders,
  ].flat();
  for (const folder of others) yield* (await numberedPythons(folder)).filter(isFile);
}

async function binFolders(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.sort(newestFirst).map((name) => join(parent, name, 'bin'));
}

async function numberedPythons(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^python3(?:\.\d+)?$/.test(name))
    .sort(newestFirst)
    .map((name) => join(folder, name));
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** False also for what cannot be looked at: PATH may have folders of others. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * What changes when the program behind a path changes. A virtual environment's link looks like its base, so the path counts too, and a script
 * (a shim of pyenv) may answer for what its variables and files say.
 */
function identity(path: string, search: InterpreterSearch): unknown {
  const real = realPath(path) ?? path;
  const stats = statSync(real, { throwIfNoEntry: false });
  const chosen = isScript(real) ? shimChoice(search) : undefined;
  return { format: 3, path, real, size: stats?.size, time: stats?.mtimeMs, inode: stats?.ino, chosen };
}

function isScript(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      const start = Buffer.alloc(2);
      readSync(file, start, 0, 2, 0);
      return start.toString('latin1') === '#!';
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** What pyenv's shims go by: PYENV_VERSION, the nearest `.python-version`, the global one. */
function shimChoice(search: InterpreterSearch): unknown {
  const files: string[] = [];
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    files.push(join(folder, '.python-version'));
    if (dirname(folder) === folder) break;
  }
  files.push(join(pyenvRoot(search), 'version'));
  const text = files.map(readIfExists).find((content) => content !== undefined);
  return [search.env.PYENV_VERSION ?? null, search.env.PATH ?? null, text ?? null];
}

function pyenvRoot({ env, home }: Pick<InterpreterSearch, 'env' | 'home'>): string {
  return env.PYENV_ROOT ?? join(home, '.pyenv');
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

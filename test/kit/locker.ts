import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { accessFolder } from '../../src/app/environments/folder-files.ts';
import { createCredentials, createUvResolver, readPipConfiguration } from '../../src/channels/pypi/index.ts';
import { fingerprint, readDefinition } from '../../src/definition/index.ts';
import { createHttp, findInterpreter, type Interpreter } from '../../src/io/index.ts';
import { type Emit, type ReportEvent } from '../../src/report/index.ts';
import { choosePython, namedAddresses, resolveLock } from '../../src/resolve/index.ts';
import type { Definition, Lock, Platform } from '../../src/schema/index.ts';
import { createStore, type Store } from '../../src/store/index.ts';
import { pythonsForTests } from './pythons.ts';
import { uvForTests } from './uv.ts';

/** What a machine has: its only Python, its variables, its store. */
export interface Machine {
  /** Everything of it lies below. */
  folder: string;
  home: string;
  env: Record<string, string | undefined>;
  store: Store;
  events: ReportEvent[];
  remove: () => Promise<void>;
}

/** What git's own scripts need. */
const programs = [
  'git',
  'sh',
  'env',
  'ssh',
  'sed',
  'uname',
  'basename',
  'dirname',
  'cat',
  'rm',
  'expr',
  'tr',
  'wc',
  'sort',
];

/** A machine with one Python, git, and no configuration. */
export async function makeMachine(
  options: { python?: Interpreter; env?: Record<string, string> } = {},
): Promise<Machine> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'terroir-machine-')));
  const home = join(folder, 'home');
  const bin = join(folder, 'bin');
  await mkdir(home);
  await mkdir(bin);
  const python = options.python ?? (await defaultPython());
  // A script, because a link would not find its standard library with every build of Python.
  await writeFile(join(bin, 'python3'), `#!/bin/sh\nexec "${python.executable}" "$@"\n`, { mode: 0o755 });
  for (const program of programs) {
    const path = (process.env.PATH ?? '')
      .split(delimiter)
      .map((each) => join(each, program))
      .find((each) => existsSync(each));
    if (path !== undefined) await symlink(path, join(bin, program));
  }
  return {
    folder,
    home,
    env: { PATH: bin, HOME: home, LANG: 'C.UTF-8', PYENV_ROOT: join(folder, 'none'), ...options.env },
    store: createStore({ root: join(folder, 'store') }),
    events: [],
    remove: async () => await rm(folder, { recursive: true, force: true }),
  };
}

/** The same for all tests: 3.11 if there is one. */
export async function defaultPython(): Promise<Interpreter> {
  const pythons = await pythonsForTests();
  const python = pythons.find(({ minor }) => minor === '3.11') ?? pythons.findLast(({ minor }) => minor !== '3.9');
  if (python === undefined) throw new Error('these tests need a Python of at least 3.10');
  return python;
}

export interface LockRequest {
  /** Lines of a requirements file. */
  requirements: readonly string[];
  /** Further files beside it: path → content. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  /** More keys of the definition. */
  keys?: Readonly<Record<string, unknown>>;
  /** Of the definition; the default Python's minor if not given, null for none. */
  python?: string | null;
  platform?: Platform;
  seed?: Lock;
  upgrade?: 'all' | readonly string[];
  offline?: boolean;
  signal?: AbortSignal;
}

/** Locks as the product does: reads a definition, lays its files out, asks a real uv. */
export async function lockOn(machine: Machine, request: LockRequest): Promise<Lock> {
  const { env, home, folder, store, events } = machine;
  const definition = await define(machine, request);
  const project = join(folder, 'project');
  const emit: Emit = (event) => events.push(event);
  const layer = definition.layer?.kind === 'requirements' ? definition.layer.entries : [];
  const pip = await readPipConfiguration({ env, home });
  const { offline = false, signal } = request;
  const http = createHttp({
    env,
    offline,
    credentials: createCredentials({ env, home }, pip, namedAddresses(layer)),
    retries: pip.retries,
  });
  const search = { env, home, cacheFolder: join(folder, 'interpreters') };
  const find = async (subject: string, fits: (python: Interpreter) => boolean): Promise<Interpreter> =>
    await findInterpreter(search, { fits, subject });
  const uv = await uvForTests();
  try {
    const resolver = createUvResolver({
      uv,
      pip,
      http,
      env,
      storeRoot: store.root,
      offline,
      emit,
      signal,
      findPython: async (minor) => await find(minor, (python) => python.minor === minor).catch(() => undefined),
      keep: async (file) => await store.addArchive(file),
      hasArchive: async (sha256) => await store.hasArchive(sha256),
    });
    const python = await choosePython(definition, {
      base: async () => await Promise.resolve(undefined),
      machine: async ({ fits, subject }) => await find(subject, ({ version }) => fits(version)),
    });
    return await resolveLock(
      {
        definition,
        fingerprint: fingerprint(definition),
        platform: request.platform ?? 'linux-64',
        python,
        place: (path) => join(project, path),
        seed: request.seed,
        upgrade: request.upgrade,
      },
      {
        pypi: () => Promise.resolve(resolver),
        conda: () => {
          throw new Error('these definitions have no conda file');
        },
      },
    );
  } finally {
    await http.close();
  }
}

async function define(machine: Machine, request: LockRequest): Promise<Definition> {
  const project = join(machine.folder, 'project');
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), content);
  };
  for (const [path, content] of Object.entries(request.files ?? {})) await write(path, content);
  await write('requirements.txt', request.requirements.map((line) => `${line}\n`).join(''));
  const version = request.python === undefined ? (await defaultPython()).minor : request.python;
  const text = JSON.stringify({
    requirements: 'requirements.txt',
    ...(version === null ? {} : { python: { version } }),
    ...request.keys,
  });
  const { definition } = await readDefinition({ path: 'environment.yml', text }, accessFolder(project));
  return definition;
}

/** What is left in the store's folder for temporary things. */
export async function leftovers(machine: Machine): Promise<string[]> {
  return await readdir(join(machine.store.root, 'tmp')).catch(() => []);
}

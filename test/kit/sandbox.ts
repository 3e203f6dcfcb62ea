import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { uvForTests } from './uv.ts';

const terroir = join(import.meta.dirname, '..', '..', 'bin', 'terroir.js');

export interface CommandOutcome {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A place where the real command line runs and nothing of the machine's configuration gets in. */
export interface Sandbox {
  folder: string;
  env: Record<string, string>;
  write(path: string, text: string | Uint8Array): Promise<string>;
  read(path: string): Promise<string>;
  /** Runs `terroir …` in the folder to its end. */
  run(
    args: readonly string[],
    options?: { env?: Record<string, string>; cwd?: string; input?: string },
  ): Promise<CommandOutcome>;
  /** The same, which must succeed; its `--json` data. */
  json<T = Record<string, unknown>>(args: readonly string[], options?: { env?: Record<string, string> }): Promise<T>;
  start(
    args: readonly string[],
    options?: { env?: Record<string, string> },
  ): { child: ChildProcess; outcome: Promise<CommandOutcome> };
  remove(): Promise<void>;
}

export async function createSandbox(options: { index?: string; env?: Record<string, string> } = {}): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-e2e-'));
  const project = join(folder, 'project');
  await mkdir(join(project, '.terroir'), { recursive: true });
  await mkdir(join(folder, 'home'));
  const env: Record<string, string> = {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    TERROIR_HOME: join(folder, 'store'),
    // Each sandbox has a store of its own; what Node compiled of our sources is the same for all.
    NODE_COMPILE_CACHE: join(tmpdir(), 'terroir-compiled'),
    TERROIR_UV: (await uvForTests()).path,
    TERROIR_USER: 'ada',
    TERROIR_CATALOG: 'none',
    PIP_CONFIG_FILE: '/dev/null',
    // Nobody is there: no test asks a channel of the outside.
    CONDA_CHANNEL_ALIAS: 'http://127.0.0.1:1',
    ...(options.index === undefined ? {} : { PIP_INDEX_URL: options.index }),
    ...options.env,
  };
  const start: Sandbox['start'] = (args, extra = {}) => {
    const child = spawn(process.execPath, [terroir, ...args], {
      cwd: project,
      env: { ...env, ...extra.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { child, outcome: collect(child) };
  };
  const run: Sandbox['run'] = async (args, extra = {}) => {
    const child = spawn(process.execPath, [terroir, ...args], {
      cwd: extra.cwd ?? project,
      env: { ...env, ...extra.env },
      stdio: [extra.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    child.stdin?.end(extra.input);
    return await collect(child);
  };
  return {
    folder: project,
    env,
    start,
    run,
    write: async (path, text) => {
      const file = join(project, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    read: async (path) => await readFile(join(project, path), 'utf8'),
    json: async (args, extra) => {
      const outcome = await run([...args, '--json'], extra);
      if (outcome.exitCode !== 0)
        throw new Error(
          `terroir ${args.join(' ')} ended with ${outcome.exitCode}\n${outcome.stdout}\n${outcome.stderr}`,
        );
      return JSON.parse(outcome.stdout) as never;
    },
    remove: async () => {
      if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function collect(child: ChildProcess): Promise<CommandOutcome> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString('utf8');
  });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...text }));
  });
}

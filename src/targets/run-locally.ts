import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import type { ResourceUse } from '../schema/index.ts';
import { createResourceMeter } from './resource-meter.ts';
import { superviseArguments } from './supervisor.ts';

export interface LocalRunRequest {
  /** Words to execute, or a line for the shell. */
  executed: readonly string[] | { shell: string };
  cwd: string;
  /** Complete: nothing else is inherited. */
  env: Record<string, string>;
  /** Seconds. */
  timeout?: number;
  /** Everything that is printed, in order. */
  logFile?: string;
  /** Aborted by Ctrl-C and by cancelling: SIGINT, then SIGTERM, then SIGKILL to the whole group. */
  signal?: AbortSignal;
  onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  onStarted?: (pid: number) => void;
  /** Milliseconds between the signals. */
  grace?: number;
  /** The script talks to the caller's terminal itself; nothing is logged. */
  interactive?: boolean;
}

export interface LocalRunResult {
  /** As a shell has it: 128 + n for a signal. */
  exitCode: number;
  signal: string | null;
  resources: ResourceUse;
  timedOut: boolean;
  canceled: boolean;
  /** The words that were executed. */
  executed: string[];
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/**
 * Runs a command to its end.
 * @throws AppError COMMAND_NOT_FOUND, PERMISSION_DENIED, FILE_NOT_FOUND for the working folder.
 */
export async function runLocally(request: LocalRunRequest): Promise<LocalRunResult> {
  const words = wordsOf(request);
  const program = await findProgram(words[0] ?? '', request);
  const supervised =
    request.interactive === true
      ? { command: program, args: words.slice(1) }
      : superviseArguments(program, words.slice(1), request.env);
  const log = request.logFile === undefined ? undefined : createWriteStream(request.logFile, { flags: 'a' });
  const meter = createResourceMeter();
  const child = spawn(supervised.command, supervised.args, {
    cwd: request.cwd,
    env: request.env,
    stdio: request.interactive === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    detached: request.interactive !== true,
  });
  const output = Promise.all([pass(child.stdout, 'stdout'), pass(child.stderr, 'stderr')]);
  const ending = supervise(child, request, meter);
  const { exitCode, signal, timedOut, canceled } = await ending;
  await output;
  await new Promise<void>((done) => {
    if (log === undefined) done();
    else log.end(() => done());
  });
  // What the script left in the background goes with it.
  signalGroup(child.pid, 'SIGKILL');
  return {
    exitCode: exitCode ?? 128 + (signalNumbers[signal ?? ''] ?? 0),
    signal,
    timedOut,
    canceled,
    resources: meter.stop(),
    executed: words,
  };

  async function pass(stream: NodeJS.ReadableStream | null, name: 'stdout' | 'stderr'): Promise<void> {
    if (stream === null) return;
    for await (const chunk of stream) {
      request.onOutput?.(name, chunk as Uint8Array);
      if (log?.write(chunk) === false) await new Promise<void>((drained) => log.once('drain', () => drained()));
    }
  }
}

interface Ending {
  exitCode: number | null;
  signal: string | null;
  timedOut: boolean;
  canceled: boolean;
}

async function supervise(
  child: ChildProcess,
  request: LocalRunRequest,
  meter: { watch(pid: number): void },
): Promise<Ending> {
  const { signal: abort, timeout, grace = 5000 } = request;
  const timers: NodeJS.Timeout[] = [];
  let timedOut = false;
  let canceled = false;
  const end = (signals: readonly NodeJS.Signals[]): void => {
    for (const [index, name] of signals.entries())
      timers.push(setTimeout(() => signalGroup(child.pid, name), index * grace));
  };
  const onAbort = (): void => {
    canceled = true;
    end(['SIGINT', 'SIGTERM', 'SIGKILL']);
  };
  const onTimeout = (): void => {
    timedOut = true;
    end(['SIGTERM', 'SIGKILL']);
  };
  try {
    return await new Promise<Ending>((done, failed) => {
      child.once('error', (error: NodeJS.ErrnoException) => failed(startError(error, request)));
      child.once('spawn', () => {
        if (child.pid === undefined) return;
        meter.watch(child.pid);
        request.onStarted?.(child.pid);
        if (abort?.aborted === true) onAbort();
        else abort?.addEventListener('abort', onAbort, { once: true });
        if (timeout !== undefined) timers.push(setTimeout(onTimeout, timeout * 1000));
      });
      child.once('exit', (exitCode, signal) => {
        // A grandchild that keeps the pipes open must not keep us waiting.
        const lingering = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 500);
        child.once('close', () => clearTimeout(lingering));
        done({ exitCode, signal, timedOut, canceled });
      });
    });
  } finally {
    abort?.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
  }
}

function wordsOf({ executed, env }: LocalRunRequest): string[] {
  if ('shell' in executed) {
    const shell = ['bash', 'sh'].map((name) => onPath(name, env.PATH)).find((path) => path !== undefined) ?? '/bin/sh';
    return [shell, '-c', executed.shell];
  }
  return [...executed];
}

async function findProgram(name: string, { cwd, env }: LocalRunRequest): Promise<string> {
  if (!(statSync(cwd, { throwIfNoEntry: false })?.isDirectory() ?? false))
    throw new AppError('FILE_NOT_FOUND', `the working folder \`${cwd}\` does not exist`);
  const path = name.includes('/') ? resolve(cwd, name) : onPath(name, env.PATH);
  if (path !== undefined && statSync(path, { throwIfNoEntry: false }) !== undefined) {
    if (isExecutable(path)) return path;
    throw new AppError('PERMISSION_DENIED', `\`${name}\` may not be executed`, {
      hint: name.endsWith('.py')
        ? `Run it with Python: \`python ${name}\`.`
        : `Make it executable: \`chmod +x ${name}\`.`,
    });
  }
  const bin = (env.PATH ?? '').split(delimiter)[0] ?? '';
  const names = await readdir(bin).catch(() => []);
  const similar = names.filter((each) => each.startsWith(name.slice(0, 3)) && name.length > 2).slice(0, 5);
  throw new AppError('COMMAND_NOT_FOUND', `the command \`${name}\` is neither in the environment nor on this machine`, {
    hint:
      similar.length > 0
        ? `The environment has: ${similar.join(', ')}.`
        : name.endsWith('.py')
          ? `Run it with Python: \`python ${name}\`.`
          : 'Add the package that brings it to the environment.',
  });
}

function onPath(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function startError(error: NodeJS.ErrnoException, request: LocalRunRequest): unknown {
  if (error.code === 'ENOENT')
    return new AppError('COMMAND_NOT_FOUND', `the command cannot be started in \`${request.cwd}\``, { cause: error });
  if (error.code === 'EACCES')
    return new AppError('PERMISSION_DENIED', 'the command may not be executed', { cause: error });
  if (error.code === 'E2BIG')
    return new AppError('USAGE', 'the command or its variables are too long for this system', { cause: error });
  return error;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

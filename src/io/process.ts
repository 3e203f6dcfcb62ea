import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { AppError } from '../errors/index.ts';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; nothing is inherited unless it is in here. */
  env: Record<string, string | undefined>;
  input?: string | Uint8Array;
  signal?: AbortSignal;
  /** Milliseconds; then the child's process group is ended. */
  timeout?: number;
  /** Called with each complete line of stderr, for progress. */
  onStderrLine?: (line: string) => void;
  onStdoutLine?: (line: string) => void;
}

export interface RunResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end and collects what it prints. It gets a process group of its own, which is ended as a whole
 * (SIGTERM, after 2 s SIGKILL) on abort and time-out. A non-zero exit is a result, not an error.
 * @throws AppError TOOL_NOT_FOUND, PERMISSION_DENIED, TIMEOUT, CANCELED.
 */
export async function runProcess(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const stdout = collect(child.stdout, options.onStdoutLine);
  const stderr = collect(child.stderr, options.onStderrLine);
  child.stdin?.on('error', () => undefined).end(options.input);
  let reason: 'TIMEOUT' | 'CANCELED' | undefined;
  const stop = (why: 'TIMEOUT' | 'CANCELED'): void => {
    reason ??= why;
    endGroup(child);
  };
  const onAbort = (): void => stop('CANCELED');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = options.timeout === undefined ? undefined : setTimeout(() => stop('TIMEOUT'), options.timeout);
  try {
    const [exitCode, signal] = await ended(child, command);
    if (reason === 'CANCELED') throw new AppError('CANCELED', `\`${command}\` was interrupted`);
    if (reason === 'TIMEOUT') throw new AppError('TIMEOUT', `\`${command}\` took longer than ${options.timeout} ms`);
    return { exitCode, signal, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function collect(stream: NodeJS.ReadableStream | null, onLine?: (line: string) => void): () => string {
  const chunks: Buffer[] = [];
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (onLine === undefined) return;
    const lines = (rest + chunk.toString('utf8')).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream?.on('end', () => {
    if (rest !== '') onLine?.(rest);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

async function ended(child: ChildProcess, command: string): Promise<[number | null, NodeJS.Signals | null]> {
  return await new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        reject(new AppError('TOOL_NOT_FOUND', `the program \`${command}\` was not found`, { cause: error }));
      } else if (error.code === 'EACCES') {
        reject(new AppError('PERMISSION_DENIED', `\`${command}\` may not be executed`, { cause: error }));
      } else reject(error);
    });
    child.once('close', (exitCode, signal) => resolve([exitCode, signal]));
  });
}

function endGroup(child: ChildProcess): void {
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 2000);
  timer.unref();
  child.once('close', () => clearTimeout(timer));
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True if a process with this id exists and, where `startTime` is given, is still the same one. */
export function isProcessAlive(pid: number, startTime?: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startTime === undefined || processStartTime(pid) === startTime;
}

/** What tells a process from a later one with the same id: its start in clock ticks since boot. Undefined where there is no /proc, or no such process (a zombie counts as gone). */
export function processStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

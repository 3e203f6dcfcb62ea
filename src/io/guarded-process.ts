import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { makeKernelPipes } from './kernel-pipe.ts';
import { checkInterpreter, startError } from './start-error.ts';
import { behindGate } from './start-gate.ts';
import { startWatchdog } from './watchdog.ts';

export interface GuardedOptions {
  /** Absolute. */
  program: string;
  args: readonly string[];
  cwd: string;
  /** The complete environment, but for PWD and SHLVL, which the shell sets that starts the program. */
  env: Readonly<Record<string, string>>;
  stdin: 'ignore' | 'inherit';
}

/** A process with a session and group of its own, which end when we die, however we die. */
export interface GuardedProcess {
  /** Also the id of its group and session. */
  pid: number;
  stdout: Readable;
  stderr: Readable;
  exited: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  /** Lets the program begin. Until then the process only waits. */
  begin(): void;
  /** To call when the whole group has ended. */
  release(): void;
}

/** @throws AppError COMMAND_NOT_FOUND, PERMISSION_DENIED, USAGE (too long a command line or environment). */
export async function startGuardedProcess(options: GuardedOptions): Promise<GuardedProcess> {
  const { cwd, env, stdin } = options;
  checkInterpreter(options.program);
  const [program, args] = behindGate(options.program, options.args);
  const pipes = makeKernelPipes(2);
  const [out, err] = pipes ?? [];
  const stdio: StdioOptions = [stdin, out?.writer ?? 'pipe', err?.writer ?? 'pipe', 'pipe'];
  const watchdog = startWatchdog();
  let child: ChildProcess;
  try {
    child = spawn(program, args, { cwd, env, detached: true, stdio });
    if (child.pid === undefined) await once(child, 'spawn');
  } catch (error) {
    watchdog.release();
    out?.reader.destroy();
    err?.reader.destroy();
    throw startError(error, options.program);
  } finally {
    out?.closeWriter();
    err?.closeWriter();
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error(`\`${options.program}\` has no process id`);
  watchdog.watch(pid);
  const gate = child.stdio[3] as Writable;
  // It may have been ended while it waited.
  gate.on('error', () => undefined);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    pid,
    stdout: (out?.reader ?? child.stdout) as Readable,
    stderr: (err?.reader ?? child.stderr) as Readable,
    exited: exited.then(([exitCode, signal]) => ({ exitCode, signal })),
    begin: () => {
      gate.end('begin\n');
    },
    release: () => watchdog.release(),
  };
}

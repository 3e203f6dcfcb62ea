import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { takeEndingSignals } from './signals.ts';
import { startError } from './start-error.ts';

/**
 * Runs a program on our own standard streams and in our process group, so that the terminal's keys reach it as they would without us.
 * Ctrl-C is its business alone; SIGTERM and SIGHUP are passed on.
 */
export async function runOnTerminal(
  program: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<{ exitCode: number; signal: NodeJS.Signals | null }> {
  // Listening begins before the start: a signal in between must not end us and leave the program behind. Nor may many Ctrl-C, which are its business.
  let child: ChildProcess | undefined;
  const stopListening = takeEndingSignals((signal) => {
    if (signal !== 'SIGINT') child?.kill(signal);
  });
  try {
    child = spawn(program, args, { cwd, env, stdio: 'inherit' });
    const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { exitCode: exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal };
  } catch (error) {
    throw startError(error, program);
  } finally {
    stopListening();
  }
}

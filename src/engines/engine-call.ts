import { AppError } from '../errors/index.ts';
import { runProcess } from '../io/index.ts';

/** A call of an engine's command line, as a value. */
export interface EngineCall<T = void> {
  command: string;
  args: readonly string[];
  /** Reads what it printed. */
  parse(stdout: string): T;
}

export interface PerformOptions {
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
  /** Milliseconds. */
  timeout?: number;
  /** Each line that it prints, for logs and progress. */
  onLine?: (line: string) => void;
}

/** So many of the last lines tell why a call failed. */
const tail = 15;

/** @throws AppError ENGINE_FAILED with the engine's last lines; TOOL_NOT_FOUND, CANCELED, TIMEOUT. */
export async function perform<T>(call: EngineCall<T>, { env, signal, timeout, onLine }: PerformOptions): Promise<T> {
  const { command, args, parse } = call;
  const { exitCode, stdout, stderr } = await runProcess(command, args, {
    env,
    signal,
    timeout,
    onStdoutLine: onLine,
    onStderrLine: onLine,
  });
  if (exitCode === 0) return parse(stdout);
  // The classic builder of Docker tells of a failing step on stdout, and of the failure on stderr.
  const lines = [stdout, stderr].flatMap((text) => text.split(/\r?\n/).filter((line) => line.trim() !== ''));
  throw new AppError('ENGINE_FAILED', `\`${command} ${args[0] ?? ''}\` failed:\n${lines.slice(-tail).join('\n')}`, {
    hint: 'The lines above are the engine’s own. `terroir doctor` says whether it works at all.',
  });
}

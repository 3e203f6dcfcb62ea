import { runOnTerminal } from '../../io/index.ts';
import { commandWords } from './command-words.ts';

export interface AttachedRequest {
  executed: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
}

/**
 * Runs a command on our own terminal, standard input included, without log or supervision: for shells and unrecorded commands.
 * @throws AppError COMMAND_NOT_FOUND, PERMISSION_DENIED.
 */
export async function runAttached({
  executed,
  cwd,
  env,
}: AttachedRequest): Promise<{ exitCode: number; signal: NodeJS.Signals | null }> {
  const [program, ...args] = await commandWords(executed, { env, cwd });
  return await runOnTerminal(program, args, { cwd, env });
}

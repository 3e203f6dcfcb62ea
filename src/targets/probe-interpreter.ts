import * as z from 'zod';
import { AppError, isAppError } from '../errors/index.ts';
import { type RunResult, runProcess } from '../io/index.ts';
import { InterpreterFacts } from '../schema/index.ts';
import { findExecutable } from './find-executable.ts';

export interface ProbeOptions {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  signal?: AbortSignal;
}

/** Runs on any Python since 2.7; only since 3.8 does the standard library know the distributions. */
const program = `
import json, platform, sys
distributions = None
try:
    from importlib import metadata
    distributions = {}
    for item in metadata.distributions():
        name = item.metadata["Name"]
        if name and name.lower().replace("_", "-").replace(".", "-") not in distributions:
            distributions[name.lower().replace("_", "-").replace(".", "-")] = {"name": name, "version": item.version or ""}
    distributions = [distributions[key] for key in sorted(distributions)]
except ImportError:
    pass
json.dump({"path": sys.executable, "version": platform.python_version(), "implementation": platform.python_implementation(), "distributions": distributions}, sys.stdout)
`;
const Answer = InterpreterFacts.extend({ distributions: InterpreterFacts.shape.distributions.nullable() });
const timeoutMs = 60_000;

/**
 * What an interpreter is and which distributions it sees, for user-managed environments. `path` may be a word on PATH.
 * @throws AppError PYTHON_NOT_FOUND if there is no Python there, or it does not start.
 */
export async function probeInterpreter(path: string, options: ProbeOptions): Promise<InterpreterFacts> {
  const found = await locate(path, options);
  // -I: without the user's own packages, as the run has it, and without the working folder. Python 2 does not know it.
  let result = await execute(found, ['-I', '-c', program], options);
  if (result.exitCode === 2) result = await execute(found, ['-E', '-s', '-c', program], options);
  const answer = parseAnswer(result.stdout);
  if (result.exitCode !== 0 || answer === undefined) {
    const said = result.stderr.trim().split('\n').at(-1);
    throw new AppError('PYTHON_NOT_FOUND', `\`${found}\` is no working Python${said ? `: ${said}` : ''}`, {
      hint: 'Name another interpreter with `python: {interpreter_path: …}` in the environment file.',
      details: { exitCode: result.exitCode, signal: result.signal },
    });
  }
  const { distributions, ...facts } = answer;
  return distributions === null ? facts : { ...facts, distributions };
}

async function locate(path: string, options: ProbeOptions): Promise<string> {
  try {
    return await findExecutable(path, options);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(
      'PYTHON_NOT_FOUND',
      `the interpreter \`${path}\` of the user-managed environment was not found: ${error.message}`,
      {
        hint: 'Install it, or name another one with `python: {interpreter_path: …}` in the environment file.',
        cause: error,
      },
    );
  }
}

async function execute(
  program: string,
  args: readonly string[],
  { env, cwd, signal }: ProbeOptions,
): Promise<RunResult> {
  return await runProcess(program, args, { env, cwd, signal, timeout: timeoutMs });
}

function parseAnswer(text: string): z.infer<typeof Answer> | undefined {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

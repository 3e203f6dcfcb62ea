import { dirname, join } from 'node:path';
import { AppError, isAppError } from '../../errors/index.ts';
import { isCondaLock } from '../../plan/index.ts';
import type { InterpreterFacts, Lock } from '../../schema/index.ts';
import { findExecutable, probeInterpreter } from '../../targets/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { refuseWhatCannotRun } from '../environments/runnable.ts';
import { lockOf } from '../locks/bound-lock.ts';
import { ensurePrefix } from './materialise.ts';

/** An environment that is ready on this machine. */
export interface ReadyEnvironment {
  /** First on PATH. */
  bin: string;
  prefix: string | undefined;
  /** Whether conda packages make the prefix: it is activated then. */
  isConda: boolean;
  lock: { lock: Lock; revision: number } | undefined;
  /** Undefined for conda packages without a Python among them. */
  interpreter: InterpreterFacts | undefined;
  /** What a user should know of the prefix. */
  notes: readonly string[];
  outcome: 'cached' | 'made' | 'repaired';
}

/** Makes an environment ready: a prefix of its lock, or for a user-managed one the interpreter that it names. */
export async function prepareEnvironment(
  app: App,
  version: EnvironmentVersion,
  locked?: { lock: Lock; revision: number },
): Promise<ReadyEnvironment> {
  if (version.definition.layer === undefined && version.definition.spark === undefined)
    return await prepareUserManaged(app, version);
  refuseWhatCannotRun(version, 'run on this machine');
  const { lock, revision } = locked ?? (await lockOf(app, version));
  const { prefix, interpreter, outcome } = await ensurePrefix(app, lock, version.definition);
  return {
    bin: join(prefix.path, 'bin'),
    prefix: prefix.path,
    isConda: isCondaLock(lock),
    lock: { lock, revision },
    interpreter: interpreter && {
      path: prefix.python,
      version: interpreter.version,
      implementation: interpreter.implementation,
    },
    notes: prefix.notes,
    outcome,
  };
}

/** Nothing is installed for it: the interpreter is looked at, and what it sees is on record. */
async function prepareUserManaged(app: App, version: EnvironmentVersion): Promise<ReadyEnvironment> {
  const wanted = version.definition.python.interpreterPath ?? 'python3';
  try {
    const interpreter = await probeInterpreter(wanted, { env: app.env, cwd: app.cwd, signal: app.signal });
    const path = await findExecutable(wanted, { env: app.env, cwd: app.cwd });
    return {
      bin: dirname(path),
      prefix: undefined,
      isConda: false,
      lock: undefined,
      interpreter,
      notes: [],
      outcome: 'cached',
    };
  } catch (error) {
    if (!isAppError(error, 'PYTHON_NOT_FOUND')) throw error;
    throw new AppError(
      'PYTHON_NOT_FOUND',
      `the interpreter \`${wanted}\` of ${version.name}:${version.version} is not on this machine, or does not run`,
      { hint: error.hint, cause: error },
    );
  }
}

import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { AppError } from '../errors/index.ts';
import type { InterpreterFacts, Lock } from '../schema/index.ts';
import { probeInterpreter } from '../targets/index.ts';
import type { EnvironmentVersion } from '../workspace/index.ts';
import type { App } from './app.ts';
import { ensureLock } from './ensure-lock.ts';
import { ensurePrefix } from './materialise.ts';
import { refuseWhatCannotRun } from './runnable.ts';

/** An environment that is ready on this machine. */
export interface ReadyEnvironment {
  /** First on PATH. */
  bin: string;
  prefix: string | undefined;
  lock: { lock: Lock; revision: number } | undefined;
  interpreter: InterpreterFacts;
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
  const { lock, revision } = locked ?? (await ensureLock(app, version));
  const { prefix, interpreter } = await ensurePrefix(app, lock);
  return {
    bin: join(prefix.path, 'bin'),
    prefix: prefix.path,
    lock: { lock, revision },
    interpreter: { path: prefix.python, version: interpreter.version, implementation: interpreter.implementation },
  };
}

async function prepareUserManaged(app: App, version: EnvironmentVersion): Promise<ReadyEnvironment> {
  const wanted = version.definition.python.interpreterPath ?? 'python3';
  const path = findExecutable(app, wanted);
  if (path === undefined) {
    throw new AppError(
      'PYTHON_NOT_FOUND',
      `the interpreter \`${wanted}\` of ${version.name}:${version.version} is not on this machine`,
      {
        hint: 'A user-managed environment names an interpreter that is there: `python: {user_managed: true, interpreter_path: …}`.',
      },
    );
  }
  const env = Object.fromEntries(
    Object.entries(app.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    bin: dirname(path),
    prefix: undefined,
    lock: undefined,
    interpreter: await probeInterpreter(
      path,
      { ...env, PYTHONNOUSERSITE: '1', PYTHONPATH: '', PYTHONHOME: '' },
      app.cwd,
    ),
  };
}

function findExecutable({ env, cwd }: App, name: string): string | undefined {
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : join(cwd, name)]
    : (env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

import { needsEngine } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';
import type { EnvironmentVersion } from '../workspace/index.ts';

/** @throws AppError UNSUPPORTED_FEATURE for an environment that cannot become a directory: it has no Python layer, or Spark packages. */
export function refuseWhatCannotRun(version: EnvironmentVersion, what: string): void {
  const { definition, name } = version;
  if (definition.spark !== undefined) {
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `${name}:${version.version} has Spark packages, and cannot ${what}: there is no Spark target yet`,
      { hint: 'Remove `spark`, or run it where Spark is.' },
    );
  }
  if (definition.layer === undefined) {
    const why = definition.python.userManaged
      ? 'its Python is user-managed, nothing is installed for it'
      : 'it has no Python layer';
    throw new AppError('UNSUPPORTED_FEATURE', `${name}:${version.version} cannot ${what}: ${why}`, {
      hint: 'Add `requirements`, or run it with `terroir run`.',
    });
  }
}

/** Where an environment runs if nobody says: `docker` for what only an image can give it (DESIGN: Runs). */
export function defaultTarget({ definition }: EnvironmentVersion): 'docker' | 'local' {
  const executes = definition.dockerSteps !== undefined && needsEngine(definition.dockerSteps);
  return definition.build !== undefined ||
    executes ||
    (definition.image !== undefined && definition.layer === undefined)
    ? 'docker'
    : 'local';
}

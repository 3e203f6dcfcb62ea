import { needsEngine } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';

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
    throw new AppError('UNSUPPORTED_FEATURE', `${name}:${version.version} cannot ${what}: ${whyNothing(version)}`, {
      hint: 'Add `requirements`, or run it with `terroir run`.',
    });
  }
}

type Described = Pick<EnvironmentVersion, 'name' | 'version' | 'definition'>;

/**
 * Why a version has no lock; undefined if it can have one. A lock of nothing would name a Python that is not its: a user-managed environment has none,
 * and its runs and images have none either.
 */
export function explainNothingToLock(version: Described): { message: string; hint: string } | undefined {
  const { definition, name } = version;
  if (definition.layer !== undefined) return undefined;
  const hasBase = definition.image !== undefined || definition.build !== undefined;
  return {
    message: `${name}:${version.version} has nothing to lock: ${whyNothing(version)}`,
    hint: `${hasBase ? 'What it stands on is recorded by digest when it is built or run' : 'A run records the interpreter and what is installed there'}; with \`requirements\` or a \`conda_file\` there is something to lock.`,
  };
}

/** @throws AppError UNSUPPORTED_FEATURE. */
export function refuseWhatHasNoPackages(version: Described): void {
  const nothing = explainNothingToLock(version);
  if (nothing !== undefined) throw new AppError('UNSUPPORTED_FEATURE', nothing.message, { hint: nothing.hint });
}

function whyNothing({ definition }: Described): string {
  return definition.python.userManaged
    ? 'its Python is user-managed, nothing is installed for it'
    : 'it has no Python layer';
}

/** @throws AppError UNSUPPORTED_FEATURE for an environment that cannot become an image: it has nothing to stand on, or Spark packages. */
export function refuseWhatCannotBuild(version: EnvironmentVersion): void {
  const { definition, name } = version;
  if (definition.spark !== undefined) refuseWhatCannotRun(version, 'be built');
  if (definition.bytecode && definition.layer?.kind === 'conda')
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `${name}:${version.version} wants bytecode, and that is compiled of wheels only`,
      { hint: 'Remove `bytecode: true`: most conda packages bring theirs.' },
    );
  if (definition.image !== undefined || definition.build !== undefined) return;
  throw new AppError('UNSUPPORTED_FEATURE', `${name}:${version.version} has no base image, and an image needs one`, {
    hint: `Add one: \`terroir env clone ${name}:${version.version} NEW-NAME --image python:${definition.python.version ?? '3.12'}-slim\`, or \`image:\` in the file.`,
  });
}

/** Where an environment runs if nobody says: `docker` for what only an image can give it (DESIGN: Runs). */
export function defaultTarget({ definition }: Described): 'docker' | 'local' {
  const executes = definition.dockerSteps !== undefined && needsEngine(definition.dockerSteps);
  return definition.build !== undefined ||
    executes ||
    (definition.image !== undefined && definition.layer === undefined)
    ? 'docker'
    : 'local';
}

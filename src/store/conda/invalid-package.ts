import { AppError } from '../../errors/index.ts';

/** The package contradicts itself, or lacks what every conda package has. */
export function invalidPackage(label: string, what: string, cause?: unknown): AppError {
  return new AppError('INVALID_PACKAGE', `\`${label}\` is no valid conda package: ${what}`, {
    hint: 'Nothing of it was kept. Report it to those who publish the package.',
    cause,
  });
}

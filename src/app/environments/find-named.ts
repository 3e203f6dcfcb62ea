import { AppError, isAppError } from '../../errors/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findVersion } from './find-version.ts';
import { namesakeHint } from './namesake.ts';

/**
 * The version that a word on the command line means. A file or folder that is called like that is not taken for it, so that nobody's script changes its
 * meaning with the folder it runs in; but the error says how to mean it.
 * @throws AppError ENVIRONMENT_NOT_FOUND.
 */
export async function findNamed(app: App, word: string): Promise<EnvironmentVersion> {
  try {
    return await findVersion(await app.openWorkspace(), word);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'ENVIRONMENT_NOT_FOUND' || app.remote === true) throw error;
    const hint = await namesakeHint(app.cwd, word);
    if (hint === undefined) throw error;
    throw new AppError('ENVIRONMENT_NOT_FOUND', error.message, { hint, cause: error });
  }
}

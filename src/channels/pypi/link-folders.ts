import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/index.ts';
import { statIfExists } from '../../io/index.ts';
import { expandVariables } from '../variables.ts';

/**
 * Refuses links to a folder that is not there: the resolver would say so without a word on who names it. `findLinks` are as written.
 * @throws AppError FILE_NOT_FOUND.
 */
export async function checkLinkFolders(
  findLinks: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const written of findLinks) {
    const expanded = expandVariables(written, env);
    const path = /^file:\/\/\//i.test(expanded) && URL.canParse(expanded) ? fileURLToPath(expanded) : expanded;
    if (!path.startsWith('/') || (await statIfExists(path)) !== undefined) continue;
    throw new AppError('FILE_NOT_FOUND', `\`--find-links ${written}\` names a folder that is not on this machine`, {
      hint: 'Mount or make the folder, or name the wheels that you need one by one (`./wheels/x.whl`): then their content is part of the version.',
      details: { written: [`--find-links ${written}`] },
    });
  }
}

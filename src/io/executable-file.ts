import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { AppError } from '../errors/index.ts';
import { withFsErrors } from './files.ts';

/** What stands at a path, as the system sees it that is asked to execute it. */
export async function executableState(path: string): Promise<'executable' | 'not-executable' | 'folder' | 'missing'> {
  try {
    if ((await stat(path)).isDirectory()) return 'folder';
    await access(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not-executable' : 'missing';
  }
}

/** @throws AppError FILE_NOT_FOUND, PERMISSION_DENIED if a program cannot run in the folder. */
export async function checkWorkingFolder(path: string): Promise<void> {
  await withFsErrors(`work in \`${path}\``, async () => {
    if (!(await stat(path)).isDirectory())
      throw new AppError('FILE_NOT_FOUND', `cannot work in \`${path}\`: it is a file`);
    await access(path, constants.X_OK);
  });
}

/** The names in a folder, or none if it cannot be read. */
export async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

import { dirname } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { isFolder, statIfExists } from '../../io/index.ts';

/** `code:` may name a single file; its folder is then the code. */
export async function codeFolder(path: string): Promise<string> {
  const stats = await statIfExists(path);
  if (stats === undefined)
    throw new AppError('FILE_NOT_FOUND', `the job’s code \`${path}\` does not exist`, {
      hint: '`code:` is relative to the job file.',
    });
  return (await isFolder(path)) ? path : dirname(path);
}

import { resolve } from 'node:path';
import { statIfExists } from '../../io/index.ts';

/** How to mean the file or folder that is called as an environment was asked for; undefined where there is none. */
export async function namesakeHint(cwd: string, word: string): Promise<string | undefined> {
  const found = await statIfExists(resolve(cwd, word));
  return found === undefined
    ? undefined
    : `To mean the ${found.isDirectory() ? 'folder' : 'file'} of that name, write \`./${word}\`.`;
}

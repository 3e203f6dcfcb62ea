import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { isFolder } from '../io/index.ts';

/** The name of a project's workspace folder. */
const folderName = '.terroir';

/** TERROIR_WORKSPACE, else `.terroir` in this folder or above, else the user's data folder. It need not exist yet. */
export async function findWorkspaceFolder(place: {
  cwd: string;
  env: Record<string, string | undefined>;
  home: string;
}): Promise<string> {
  const { cwd, env, home } = place;
  const named = env.TERROIR_WORKSPACE;
  if (named) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(named)) {
      throw new AppError('USAGE', `the workspace \`${named}\` is neither a folder nor the address of a server`, {
        hint: 'Name a folder, or an address that begins with `https://` or `http://`.',
      });
    }
    return resolve(cwd, named);
  }
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (await isFolder(join(folder, folderName))) return join(folder, folderName);
    if (folder === dirname(folder)) break;
  }
  // The base directory specification: a relative path is to be ignored.
  const shared = env.XDG_DATA_HOME;
  const data = shared && isAbsolute(shared) ? shared : join(home, '.local', 'share');
  return join(data, 'terroir', 'workspace');
}

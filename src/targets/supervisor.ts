import { accessSync, constants } from 'node:fs';
import { platform } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * On Linux, util-linux's `setpriv` asks the kernel to end the script when we are killed: nothing of a run survives us then.
 * Where it is missing, the next command finds and ends what was left, by the recorded process.
 */
export function superviseArguments(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): { command: string; args: string[] } {
  const setpriv = platform() === 'linux' ? findSetpriv(env.PATH) : undefined;
  if (setpriv === undefined) return { command: program, args: [...args] };
  return { command: setpriv, args: ['--pdeathsig', 'KILL', '--', program, ...args] };
}

function findSetpriv(path: string | undefined): string | undefined {
  const folders = ['/usr/bin', '/bin', ...(path ?? '').split(delimiter)];
  return folders
    .map((folder) => join(folder, 'setpriv'))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

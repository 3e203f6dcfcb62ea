import { executableState } from '../../io/index.ts';
import { findExecutable, findOnPath, type SearchPlace } from '../find-executable.ts';

/** Job commands are written for bash. The system's own comes first: an environment's need not be like it. */
const systemShells = ['/bin/bash', '/usr/bin/bash'];

/** The words to execute, the first as an absolute path. */
export async function commandWords(
  executed: readonly string[] | { shell: string },
  place: SearchPlace,
): Promise<[string, ...string[]]> {
  if ('shell' in executed) return [await findShell(place), '-c', executed.shell];
  const [word, ...args] = executed;
  if (word === undefined) throw new Error('there is no command to run');
  return [await findExecutable(word, place), ...args];
}

/** bash, or sh where there is none. Absolute. */
export async function findShell(place: SearchPlace): Promise<string> {
  for (const path of systemShells) if ((await executableState(path)) === 'executable') return path;
  return (await findOnPath('bash', place)) ?? '/bin/sh';
}

import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { executableState, namesIn } from '../io/index.ts';

export interface SearchPlace {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/**
 * The absolute path of the program that a word means: on PATH, or from `cwd` if there is a `/` in it.
 * @throws AppError COMMAND_NOT_FOUND with the nearest name on PATH; PERMISSION_DENIED for a file that is not executable.
 */
export async function findExecutable(word: string, place: SearchPlace): Promise<string> {
  if (word.includes('/')) return await checkFile(word, place);
  const found = await findOnPath(word, place);
  if (found !== undefined) return found;
  throw new AppError('COMMAND_NOT_FOUND', `the command \`${word}\` was not found`, {
    hint: await hintFor(word, place),
  });
}

/** The first executable of that name in the folders of PATH. */
export async function findOnPath(name: string, place: SearchPlace): Promise<string | undefined> {
  if (name === '') return undefined;
  for (const folder of pathFolders(place)) {
    const path = join(folder, name);
    if ((await executableState(path)) === 'executable') return path;
  }
  return undefined;
}

/** An empty part means the working folder, as POSIX has it. */
function pathFolders({ env, cwd }: SearchPlace): string[] {
  return (env.PATH ?? '').split(delimiter).map((part) => resolve(cwd, part));
}

async function checkFile(word: string, { cwd }: SearchPlace): Promise<string> {
  const path = isAbsolute(word) ? word : resolve(cwd, word);
  const state = await executableState(path);
  if (state === 'executable') return path;
  if (state === 'missing') throw new AppError('COMMAND_NOT_FOUND', `there is no \`${word}\` in \`${cwd}\``);
  if (state === 'folder') throw new AppError('COMMAND_NOT_FOUND', `\`${word}\` is a folder, not a command`);
  throw new AppError('PERMISSION_DENIED', `\`${word}\` may not be executed`, {
    hint: word.endsWith('.py') ? `Run it with \`python ${word}\`.` : `\`chmod +x ${word}\` permits it.`,
  });
}

async function hintFor(word: string, place: SearchPlace): Promise<string> {
  if (/\s/.test(word)) return 'Pass the command and its arguments as words of their own, not in one pair of quotes.';
  if (!['missing', 'folder'].includes(await executableState(resolve(place.cwd, word))))
    return `There is a file of that name here; write \`./${word}\`.`;
  const near = await nearestCommand(word, place);
  return `${near === undefined ? '' : `Did you mean \`${near}\`? `}Add the package that brings \`${word}\` to the environment, or write its whole path.`;
}

/** Of the environment's own commands (they come first on PATH), else of the machine's. */
async function nearestCommand(word: string, place: SearchPlace): Promise<string | undefined> {
  // Loaded only here: it brings the YAML parser, which a run does not need.
  const { nearest } = await import('../documents/index.ts');
  for (const folder of pathFolders(place)) {
    const near = nearest(word, await namesIn(folder));
    if (near !== undefined) return near;
  }
  return undefined;
}

import type { CondaFile } from '../unpacked-conda.ts';

const moments = ['post-link', 'pre-link', 'pre-unlink'];

/** The files of a package that conda would run when it installs or removes it, and the menus that it would make. */
export function installScripts(name: string, files: readonly Pick<CondaFile, 'path'>[]): string[] {
  const scripts = new Set(moments.flatMap((moment) => [`bin/.${name}-${moment}.sh`, `Scripts/.${name}-${moment}.bat`]));
  return files.map(({ path }) => path).filter((path) => scripts.has(path) || /^Menu\/[^/]+\.json$/i.test(path));
}

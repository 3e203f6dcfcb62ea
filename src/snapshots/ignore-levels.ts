import { dirname, join, relative } from 'node:path';
import { fileFacts, readTextIfExists } from '../io/index.ts';
import { type IgnoreRules, parseIgnoreRules } from './git-ignore.ts';

/** Rules of one file, and how a path of the snapshot reads from its folder. */
interface Level {
  rules: IgnoreRules;
  toLocal(path: string): string;
}

/** The ignore files that hold for a folder, the nearest last. */
export interface IgnoreLevels {
  isIgnored(path: string, isFolder: boolean): boolean;
  /** These and, if there is one, the file of a folder below. */
  enter(folder: string, absolute: string): Promise<IgnoreLevels>;
}

/**
 * The rules for a folder. With an `.amlignore` in it, that file alone; else the `.gitignore` files from the repository's root down and its
 * `.git/info/exclude`. A user's own global rules don't count: they are different on another machine.
 */
export async function readIgnoreLevels(root: string): Promise<IgnoreLevels> {
  const own = await readRules(join(root, '.amlignore'));
  if (own !== undefined) return fixed([{ rules: own, toLocal: (path) => path }]);
  return await nesting(await parentLevels(root)).enter('', root);
}

function fixed(levels: readonly Level[]): IgnoreLevels {
  const self: IgnoreLevels = {
    isIgnored: (path, isFolder) => decide(levels, path, isFolder),
    enter: () => Promise.resolve(self),
  };
  return self;
}

function nesting(levels: readonly Level[]): IgnoreLevels {
  return {
    isIgnored: (path, isFolder) => decide(levels, path, isFolder),
    enter: async (folder, absolute) => {
      const rules = await readRules(join(absolute, '.gitignore'));
      if (rules === undefined) return nesting(levels);
      const strip = folder === '' ? 0 : folder.length + 1;
      return nesting([...levels, { rules, toLocal: (path) => path.slice(strip) }]);
    },
  };
}

/** The nearest file that says anything decides. */
function decide(levels: readonly Level[], path: string, isFolder: boolean): boolean {
  for (const level of levels.toReversed()) {
    const decision = level.rules.decide(level.toLocal(path), isFolder);
    if (decision !== undefined) return decision === 'ignored';
  }
  return false;
}

/** Of the folders above, up to the repository's root. None if the folder itself is ignored by them: somebody chose it all the same. */
async function parentLevels(root: string): Promise<Level[]> {
  const repository = findRepository(root);
  if (repository === undefined) return [];
  const levels: Level[] = [];
  const exclude = await readRules(join(repository, '.git', 'info', 'exclude'));
  if (exclude !== undefined) levels.push({ rules: exclude, toLocal: prefixed(relative(repository, root)) });
  const parts = relative(repository, root)
    .split('/')
    .filter((part) => part !== '');
  for (const depth of parts.keys()) {
    const folder = join(repository, ...parts.slice(0, depth));
    const rules = await readRules(join(folder, '.gitignore'));
    if (rules !== undefined) levels.push({ rules, toLocal: prefixed(relative(folder, root)) });
    // From the snapshot's root, the folder on the way that is asked about.
    if (decide(levels, '../'.repeat(parts.length - depth - 1), true)) return [];
  }
  return levels;
}

function prefixed(prefix: string): (path: string) => string {
  return (path) => (prefix === '' ? path : join(prefix, path).replace(/\/$/, ''));
}

function findRepository(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    if (fileFacts(join(folder, '.git')) !== undefined) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** git does not follow a link in place of its file, and neither do we. */
async function readRules(path: string): Promise<IgnoreRules | undefined> {
  if (fileFacts(path)?.kind !== 'file') return undefined;
  const text = await readTextIfExists(path);
  return text === undefined ? undefined : parseIgnoreRules(text);
}

import { join, posix } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { readTextIfExists } from '../io/index.ts';

/** Never in a snapshot, whatever the ignore files say: version control, caches, virtual environments, workspaces. */
const neverFolders = new Set([
  '.git',
  '.hg',
  '.svn',
  '.terroir',
  '__pycache__',
  'node_modules',
  '.ipynb_checkpoints',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
]);

/** Files that hold secrets by their name. */
const secretFile =
  /^(?:\.env(?:\..+)?|.*\.(?:key|p12|pfx|jks|keystore)|id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|_netrc|\.pypirc|\.npmrc|\.git-credentials|\.htpasswd|credentials\.json)$/i;
const notSecret = /^(?:\.env\.(?:example|sample|template|dist)|.*\.pub)$/i;

export interface IgnoreRules {
  /** Whether a folder is not entered. */
  skipsFolder(path: string): boolean;
  ignoresFile(path: string): boolean;
  isSecret(path: string): boolean;
  /** Reads the ignore file of a folder that is entered. */
  enter(folder: string): Promise<void>;
}

/**
 * The rules of a folder: `.amlignore` in the root wins over everything; else each folder's `.gitignore` holds for what is below it, as in git.
 */
export async function readIgnoreRules(root: string): Promise<IgnoreRules> {
  const own = await readTextIfExists(join(root, '.amlignore'));
  const byFolder = new Map<string, Ignore>();
  if (own !== undefined) byFolder.set('', ignore().add(own));

  const decide = (path: string, isFolder: boolean): boolean => {
    let ignored = false;
    const parts = path.split('/');
    for (let depth = 0; depth < parts.length; depth += 1) {
      const rules = byFolder.get(parts.slice(0, depth).join('/'));
      if (rules === undefined) continue;
      const inside = parts.slice(depth).join('/') + (isFolder ? '/' : '');
      const answer = rules.test(inside);
      if (answer.ignored) ignored = true;
      else if (answer.unignored) ignored = false;
    }
    return ignored;
  };
  return {
    skipsFolder: (path) => neverFolders.has(posix.basename(path)) || decide(path, true),
    ignoresFile: (path) => decide(path, false),
    isSecret: (path) => secretFile.test(posix.basename(path)) && !notSecret.test(posix.basename(path)),
    enter: async (folder) => {
      if (own !== undefined) return;
      const text = await readTextIfExists(join(root, folder, '.gitignore'));
      if (text !== undefined) byFolder.set(folder, ignore().add(text));
    },
  };
}

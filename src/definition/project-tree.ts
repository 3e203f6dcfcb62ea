import ignore from 'ignore';
import type { FileAccess, ReferencedFile } from './file-access.ts';
import { decodeText } from './read-state.ts';
import { digestTree } from './tree-digest.ts';

/** What is never part of a Python project's source. */
const never = new Set([
  '.git',
  '.hg',
  '.svn',
  '__pycache__',
  '.venv',
  'venv',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.terroir',
  '.eggs',
  'node_modules',
]);

/** The source of a local project, as it is kept and built: what its `.gitignore` names is left out. */
export async function digestProject(files: FileAccess, path: string): Promise<ReferencedFile> {
  const rules = ignore();
  const own = await files.readBytes(path === '.' ? '.gitignore' : `${path}/.gitignore`);
  const text = own === undefined ? undefined : decodeText(own);
  if (text !== undefined) rules.add(text);
  const neverFolder = (name: string): boolean => never.has(name.split('/').at(-1) ?? '');
  return await digestTree(files, path, {
    skip: (folder) => neverFolder(folder) || rules.ignores(`${folder}/`),
    ignored: (entry) => entry.path.endsWith('.pyc') || /\.egg-info\//.test(entry.path) || rules.ignores(entry.path),
  });
}

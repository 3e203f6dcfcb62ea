import { join } from 'node:path';
import { fileFacts, hashFile, inParallel, readFolder } from '../io/index.ts';
import { aboutFiles, type CaptureFinding } from './finding.ts';

/** A file that a package brought. */
export interface OwnedFile {
  /** Relative to the prefix. */
  path: string;
  owner: string;
  /** Undefined where nobody wrote it down. */
  sha256?: string;
}

const parallel = 8;

/** What is in a prefix that no package brought, what packages brought that is gone, and what was changed since. Bytecode does not count. */
export async function compareFiles(
  prefix: string,
  owned: readonly OwnedFile[],
  { ignore }: { ignore: (path: string) => boolean },
): Promise<CaptureFinding[]> {
  // The last one wins: pip comes after conda.
  const byPath = new Map(owned.map((file) => [file.path, file]));
  const there = new Set(listFiles(prefix, ''));
  const ownerless = [...there].filter((path) => !byPath.has(path) && !ignore(path));
  const missing = [...byPath.keys()].filter(
    (path) => !there.has(path) && !isBytecode(path) && !isFolderName(prefix, path),
  );
  const modified: string[] = [];
  const recorded = [...byPath.values()].filter(({ path, sha256 }) => sha256 !== undefined && there.has(path));
  await inParallel(recorded, parallel, async (file) => {
    const path = join(prefix, file.path);
    if (fileFacts(path)?.kind === 'file' && (await hashFile(path)).sha256 !== file.sha256) modified.push(file.path);
  });
  return [
    ...aboutFiles(
      { kind: 'modified', hint: 'Make the change a patch in Docker steps, or a package of your own.' },
      modified,
      (files) =>
        `${files} ${modified.length === 1 ? 'was' : 'were'} changed after the install; the lock has them as their packages do`,
    ),
    ...aboutFiles(
      { kind: 'missing' },
      missing,
      (files) => `${files} of packages ${missing.length === 1 ? 'is' : 'are'} gone; the lock has them again`,
    ),
    ...aboutFiles(
      { kind: 'ownerless', hint: 'Put what is needed into a package, or copy it in Docker steps.' },
      ownerless,
      (files) => `${files} ${ownerless.length === 1 ? 'belongs' : 'belong'} to no package`,
    ),
  ];
}

function listFiles(prefix: string, below: string): string[] {
  return readFolder(join(prefix, below)).flatMap(({ name, kind }) => {
    const path = below === '' ? name : `${below}/${name}`;
    if (kind === 'folder') return name === '__pycache__' ? [] : listFiles(prefix, path);
    return isBytecode(path) ? [] : [path];
  });
}

function isBytecode(path: string): boolean {
  return path.endsWith('.pyc') || path.endsWith('.pyo');
}

/** Records of empty folders. */
function isFolderName(prefix: string, path: string): boolean {
  return fileFacts(join(prefix, path))?.kind === 'folder';
}

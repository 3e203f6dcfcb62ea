import { hostile, showName } from '../archive-error.ts';
import { pathProblem } from '../member-path.ts';
import type { ZipMember } from './zip-member.ts';

/**
 * Holds the names of an archive's members against each other and against what may be a path below a folder. Names that differ only in case are
 * honest: on most file systems they are two files.
 * @throws AppError HOSTILE_ARCHIVE naming the member.
 */
export function checkMemberNames(members: readonly ZipMember[], label: string): void {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { name, isFolder } of members) {
    const path = isFolder ? name.slice(0, -1) : name;
    checkPath(path, label);
    if (isFolder) folders.add(path);
    else if (files.has(path)) throw hostile(label, `${showName(path)} is there twice`);
    else files.add(path);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  for (const folder of folders)
    if (files.has(folder)) throw hostile(label, `${showName(folder)} is both a file and a folder`);
}

function checkPath(path: string, label: string): void {
  const wrong = pathProblem(path);
  if (wrong !== undefined) throw hostile(label, path === '' ? 'a member has no name' : `${showName(path)} ${wrong}`);
}

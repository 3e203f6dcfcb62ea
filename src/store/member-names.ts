import type { ZipMember } from './zip-directory.ts';
import { hostile } from './zip-directory.ts';

const maximumName = 255;
const maximumPath = 3800;

/**
 * Holds the names of an archive's members against each other and against what may be a path below a folder.
 * @throws AppError HOSTILE_ARCHIVE naming the member.
 */
export function checkMemberNames(members: readonly ZipMember[], label: string): void {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { name, isFolder } of members) {
    const path = isFolder ? name.slice(0, -1) : name;
    checkPath(path, label);
    if (isFolder) folders.add(path);
    else if (files.has(path)) throw hostile(label, `\`${path}\` is there twice`);
    else files.add(path);
    for (let slash = path.lastIndexOf('/'); slash !== -1; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
      if (slash === 0) break;
    }
  }
  for (const folder of folders)
    if (files.has(folder)) throw hostile(label, `\`${folder}\` is both a file and a folder`);
}

function checkPath(path: string, label: string): void {
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path;
  if (path === '') throw hostile(label, 'a member has no name');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw hostile(label, `\`${shown}\` is an absolute path`);
  if (path.includes('\\') || hasControlCharacter(path))
    throw hostile(label, `\`${JSON.stringify(shown).slice(1, -1)}\` has a character that cannot be in a name`);
  if (path.length > maximumPath) throw hostile(label, `\`${shown}\` is ${path.length} characters long`);
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') throw hostile(label, `\`${shown}\` points outside of its folder`);
    if (Buffer.byteLength(part) > maximumName)
      throw hostile(label, `\`${shown}\` has a name of ${Buffer.byteLength(part)} bytes`);
  }
}

function hasControlCharacter(path: string): boolean {
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

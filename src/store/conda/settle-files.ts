import { dirname, posix } from 'node:path';
import { hostile, showName } from '../archive-error.ts';
import { pathProblem } from '../member-path.ts';
import type { CondaFile } from '../unpacked-conda.ts';
import type { DeclaredPath } from './declared-paths.ts';
import { invalidPackage } from './invalid-package.ts';
import { linkMember, type PackageTree, type TreeMember } from './package-tree.ts';

const maximumTarget = 4095;

interface Settling {
  tree: PackageTree;
  label: string;
  /** Whether `site-packages/` goes elsewhere. */
  isNoarchPython: boolean;
}

/**
 * Holds what a package says about its paths against what came out of it: nothing missing, and type, size and digest as they are said to be. The
 * digest and size of a link are those of what it leads to, perhaps in another package, and are not compared, as conda does not compare them.
 * @throws AppError INVALID_PACKAGE, HOSTILE_ARCHIVE, naming the path.
 */
export function settleFiles(declared: readonly DeclaredPath[], settling: Settling): CondaFile[] {
  const { label } = settling;
  const files = declared.map((each) => {
    const problem = pathProblem(each.path);
    if (problem !== undefined) throw hostile(label, `${showName(each.path)}, which it lists, ${problem}`);
    return each.type === 'directory' ? directory(each, settling) : fileOrLink(each, settling);
  });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function directory({ path }: DeclaredPath, { tree, label }: Settling): CondaFile {
  // It need not be in the archive.
  for (let at = path; at !== '.'; at = dirname(at)) {
    const member = tree.members.get(at);
    if (member !== undefined)
      throw invalidPackage(label, `${showName(at)} is a ${member.kind}, and \`info/paths.json\` says a directory`);
  }
  return { path, type: 'directory', sha256: '', size: 0, executable: false };
}

function fileOrLink(declared: DeclaredPath, settling: Settling): CondaFile {
  const { path, type } = declared;
  const { tree, label } = settling;
  const found = tree.members.get(path);
  if (found === undefined)
    throw invalidPackage(
      label,
      `${showName(path)} is listed, and ${tree.isFolder(path) ? 'is a folder' : 'is not there'}`,
    );
  const member = type === 'link' ? withTarget(declared, found, settling) : found;
  if (type !== undefined && type !== member.kind)
    throw invalidPackage(label, `${showName(path)} is a ${member.kind}, and \`info/paths.json\` says a ${type}`);
  if (member.kind === 'link') checkTarget(path, member.target ?? '', settling);
  else checkContent(declared, member, label);
  return {
    path,
    type: member.kind,
    sha256: member.sha256,
    size: member.size,
    executable: member.executable,
    ...(member.target === undefined ? {} : { target: member.target }),
    ...(declared.placeholder === undefined || member.kind === 'link' ? {} : { placeholder: declared.placeholder }),
    ...(declared.noLink ? { noLink: true } : {}),
  };
}

/**
 * Some packages were packed where there are no links: their links have no target, or are empty files. What such a link should lead to is known by
 * its digest.
 */
function withTarget({ path, sha256, size }: DeclaredPath, member: TreeMember, { tree }: Settling): TreeMember {
  const isLost = member.kind === 'link' ? member.target === '' : member.size === 0;
  if (!isLost || sha256 === undefined || !size) return member;
  const originals = [...tree.members]
    .filter(([, other]) => other.kind === 'file' && other.sha256 === sha256 && other.size === size)
    .map(([other]) => other)
    .sort((a, b) => Number(dirname(b) === dirname(path)) - Number(dirname(a) === dirname(path)) || (a < b ? -1 : 1));
  const [original] = originals;
  if (original === undefined) return member;
  return linkMember(posix.relative(dirname(path), original));
}

/**
 * A link may lead to a place of the system, as some packages' links do; a relative one that climbs out of the prefix means another place in each
 * prefix, and nothing honest.
 */
function checkTarget(path: string, target: string, { label, isNoarchPython }: Settling): void {
  if (target === '') throw invalidPackage(label, `${showName(path)} is a link without a target`);
  if (Buffer.byteLength(target) > maximumTarget || target.includes('\0'))
    throw hostile(label, `${showName(path)} is a link to something that cannot be`);
  if (target.startsWith('/')) return;
  const place = isNoarchPython ? path.replace(/^site-packages\//, 'lib/python3/site-packages/') : path;
  if (posix.join(dirname(place), target).split('/', 1)[0] === '..')
    throw hostile(label, `${showName(path)} is a link to ${showName(target)}, outside of the prefix`);
}

function checkContent({ path, sha256, size }: DeclaredPath, member: TreeMember, label: string): void {
  if (size !== undefined && size !== member.size)
    throw invalidPackage(label, `${showName(path)} has ${member.size} bytes, and \`info/paths.json\` says ${size}`);
  if (sha256 !== undefined && sha256 !== member.sha256)
    throw invalidPackage(
      label,
      `${showName(path)} has the digest ${member.sha256}, and \`info/paths.json\` says ${sha256}`,
    );
}

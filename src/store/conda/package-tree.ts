import { createHash, type Hash, hash as hashOnce } from 'node:crypto';
import { closeSync, copyFileSync, futimesSync, linkSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostile, showName } from '../archive-error.ts';
import { pathProblem } from '../member-path.ts';
import type { TarMember, TarSink } from '../tar/tar-reader.ts';

/** What came out of an archive. */
export interface TreeMember {
  kind: 'file' | 'link';
  size: number;
  /** Of a file's content, of a link's target. */
  sha256: string;
  executable: boolean;
  /** A link's. */
  target?: string;
}

/** Writes a package's members below `files/` of a folder. */
export interface PackageTree extends TarSink {
  /** By path. Without folders, and without what nobody needs of `info/`. */
  members: ReadonlyMap<string, TreeMember>;
  isFolder(path: string): boolean;
  /** Closes what is open. */
  close(): void;
}

/** Which members a tar may have: a `.conda` has two of them. */
export type Component = 'info' | 'pkg' | 'both';

/** How the package was made is of no use here, and may be large. */
const passedOver = /^info\/(?:recipe|tests?)\//;
/** The files of `info/` that are read whole, and what they may have, in bytes. */
export const readWhole: ReadonlyMap<string, number> = new Map([
  ...['paths.json', 'files', 'has_prefix', 'no_link', 'no_softlink'].map((name) => [`info/${name}`, 64 << 20] as const),
  ...['index.json', 'link.json', 'package_metadata.json'].map((name) => [`info/${name}`, 4 << 20] as const),
]);

/**
 * Nothing is written through a link: none is made before all files are there (that is the caller's last step), and no member may stand below one.
 * @throws AppError HOSTILE_ARCHIVE from `begin`, naming the member.
 */
export function createPackageTree(folder: string, label: string, component: () => Component): PackageTree {
  const members = new Map<string, TreeMember>();
  const folders = new Set<string>();
  const made = new Set<string>();
  let open:
    | { path: string; member: TreeMember; fd: number | undefined; hash: Hash | undefined; time: number | undefined }
    | undefined;

  const register = (path: string, isFolder: boolean): void => {
    if (members.has(path)) throw hostile(label, `${showName(path)} is there twice`);
    if (isFolder) folders.add(path);
    else if (folders.has(path)) throw hostile(label, `${showName(path)} is both a file and a folder`);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (folders.has(parent)) break;
      const other = members.get(parent);
      if (other !== undefined)
        throw hostile(label, `${showName(path)} stands below ${showName(parent)}, which is a ${other.kind}`);
      folders.add(parent);
    }
  };
  const place = (path: string): string => `${folder}/files/${path}`;
  const makeParent = (target: string): void => {
    const parent = target.slice(0, target.lastIndexOf('/'));
    if (made.has(parent)) return;
    mkdirSync(parent, { recursive: true });
    made.add(parent);
  };
  const create = (path: string, executable: boolean): number => {
    const target = place(path);
    makeParent(target);
    try {
      return openSync(target, 'wx', executable ? 0o555 : 0o444);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? hostile(label, `this file system takes ${showName(path)} and another member for one`)
        : error;
    }
  };
  const beginFile = (path: string, { size, executable, time }: TarMember): void => {
    const limit = readWhole.get(path);
    if (limit !== undefined && size > limit) throw hostile(label, `${showName(path)} has ${size} bytes`);
    const member: TreeMember = { kind: 'file', size, sha256: '', executable };
    const isKept = !passedOver.test(path);
    if (isKept) members.set(path, member);
    open = { path, member, fd: isKept ? create(path, executable) : undefined, hash: undefined, time };
  };
  const linkHard = (path: string, target: string): void => {
    const original = members.get(target);
    if (original?.kind !== 'file' || isInfo(path) !== isInfo(target))
      throw hostile(label, `${showName(path)} is a hard link to ${showName(target)}, which is no file before it`);
    members.set(path, { ...original });
    const [from, to] = [place(target), place(path)];
    makeParent(to);
    try {
      linkSync(from, to);
    } catch {
      // Too many links, or a file system without them.
      copyFileSync(from, to);
    }
  };

  return {
    members,
    isFolder: (path) => folders.has(path),
    begin: (member) => {
      if (member.kind === 'folder' && member.path === '.') return;
      const path = withoutDot(member.path);
      const problem = pathProblem(path);
      if (problem !== undefined)
        throw hostile(label, path === '' ? 'a member has no name' : `${showName(path)} ${problem}`);
      checkComponent(path, component(), label);
      register(path, member.kind === 'folder');
      if (member.kind === 'file') beginFile(path, member);
      else if (member.kind === 'hard link') linkHard(path, withoutDot(member.target));
      else if (member.kind === 'link') members.set(path, linkMember(member.target));
    },
    write: (chunk) => {
      if (open?.fd === undefined) return;
      if (chunk.length === open.member.size) open.member.sha256 = hashOnce('sha256', chunk);
      else {
        open.hash ??= createHash('sha256');
        open.hash.update(chunk);
      }
      writeAll(open.fd, chunk);
    },
    end: () => {
      if (open === undefined) return;
      const { fd, member, hash, time } = open;
      open = undefined;
      if (fd !== undefined) {
        setTime(fd, time);
        closeSync(fd);
      }
      if (member.size === 0) member.sha256 = emptyDigest;
      else if (hash !== undefined) member.sha256 = hash.digest('hex');
    },
    close: () => {
      if (open?.fd !== undefined) closeSync(open.fd);
      open = undefined;
    },
  };
}

/**
 * By a source's time Python tells whether the bytecode beside it is of it: without it, all that a package brings would be compiled anew. Other
 * programs' caches go by times too.
 */
function setTime(fd: number, time: number | undefined): void {
  if (time !== undefined && time >= 0 && time < 2 ** 32) futimesSync(fd, time, time);
}

const emptyDigest = hashOnce('sha256', '');

export function linkMember(target: string): TreeMember {
  return {
    kind: 'link',
    size: Buffer.byteLength(target),
    sha256: hashOnce('sha256', target),
    executable: false,
    target,
  };
}

export function isInfo(path: string): boolean {
  return path.startsWith('info/');
}

/** Some archives were made of `.`. */
export function withoutDot(path: string): string {
  return path.startsWith('./') ? path.slice(2) : path;
}

/** Licences may stand in the large part, and nothing that is read to know what the package is. */
function checkComponent(path: string, component: Component, label: string): void {
  const isWrong = component === 'info' ? !isInfo(path) && path !== 'info' : component === 'pkg' && readWhole.has(path);
  if (isWrong) throw hostile(label, `${showName(path)} is in the wrong part of the package`);
}

function writeAll(fd: number, content: Uint8Array): void {
  for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
}

import { AppError } from '../../errors/index.ts';
import type { MemberKind } from '../tar/read-tar.ts';

/** What stands at a path of an image. */
export interface TreeNode {
  kind: 'file' | 'folder' | 'link' | 'other';
  mode: number;
  uid: number;
  gid: number;
  /** A link's. */
  target?: string;
  /** What its content told (see `content-facts.ts`). */
  fact?: string;
  /** A folder's. */
  children?: Map<string, TreeNode>;
}

/** What a layer does to a tree. */
export interface TreeChange {
  /** Relative, clean (`cleanPath`). */
  path: string;
  kind: MemberKind;
  mode: number;
  uid: number;
  gid: number;
  target: string;
  fact?: string;
}

/** Where a path leads when all links are followed, as the kernel does it in the image. */
export interface ResolvedPath {
  /** Without a slash before it; '' for the root. */
  path: string;
  /** Undefined if there is nothing yet. */
  node: TreeNode | undefined;
}

const longestPath = 4096;
const mostLinks = 40;

export function createRoot(): TreeNode {
  return folder();
}

/**
 * A path of a layer as a tree has it. @throws AppError HOSTILE_ARCHIVE for what would leave the image.
 */
export function cleanPath(path: string, label: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.length > longestPath)
    throw new AppError(
      'HOSTILE_ARCHIVE',
      `\`${label}\` is refused: \`${path.slice(0, 120)}\` ${path.length > longestPath ? 'is too long' : 'points outside of the image'}`,
      { hint: 'No honest program makes such a layer. Take another image.' },
    );
  return parts.join('/');
}

/**
 * Lays a layer over a tree as overlay file systems do: whiteouts first, for they only concern what is below; then what the layer has. A folder
 * in place of a link replaces the link.
 */
export function applyLayer(
  root: TreeNode,
  {
    changes,
    removed,
    opaque,
  }: { changes: readonly TreeChange[]; removed: readonly string[]; opaque: readonly string[] },
): void {
  for (const path of opaque) findNode(root, path)?.children?.clear();
  for (const path of removed) {
    const slash = path.lastIndexOf('/');
    findNode(root, path.slice(0, Math.max(0, slash)))?.children?.delete(path.slice(slash + 1));
  }
  for (const change of changes) applyChange(root, change);
}

function applyChange(root: TreeNode, { path, kind, mode, uid, gid, target, fact }: TreeChange): void {
  if (path === '') {
    if (kind === 'folder') Object.assign(root, { mode, uid, gid });
    return;
  }
  const slash = path.lastIndexOf('/');
  const parent = makeFolders(root, path.slice(0, Math.max(0, slash)));
  const name = path.slice(slash + 1);
  const old = parent.get(name);
  const common = { mode, uid, gid };
  switch (kind) {
    case 'folder':
      parent.set(name, { kind, ...common, children: old?.children ?? new Map<string, TreeNode>() });
      return;
    case 'hard link': {
      const linked = findNode(root, cleanPath(target, path));
      parent.set(name, linked === undefined ? { kind: 'file', ...common } : { ...linked });
      return;
    }
    case 'link':
      parent.set(name, { kind, ...common, target });
      return;
    case 'file':
      parent.set(name, { kind, ...common, ...(fact === undefined ? {} : { fact }) });
      return;
    case 'device':
    case 'fifo':
      parent.set(name, { kind: 'other', ...common });
  }
}

function makeFolders(root: TreeNode, path: string): Map<string, TreeNode> {
  let node = root;
  for (const part of path === '' ? [] : path.split('/')) {
    let next = node.children?.get(part);
    if (next?.kind !== 'folder') {
      next = folder();
      node.children?.set(part, next);
    }
    node = next;
  }
  node.children ??= new Map();
  return node.children;
}

function folder(): TreeNode {
  return { kind: 'folder', mode: 0o755, uid: 0, gid: 0, children: new Map() };
}

/** What stands there itself, no link followed. */
export function findNode(root: TreeNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const part of path === '' ? [] : path.split('/')) node = node?.children?.get(part);
  return node;
}

/**
 * Follows a path from the root, links and all. What does not exist yet stays as it is written.
 * @throws AppError INVALID_IMAGE if it goes through a file or in circles.
 */
export function resolvePath(root: TreeNode, path: string): ResolvedPath {
  let pending = path.split('/');
  const found: { name: string; node: TreeNode | undefined }[] = [];
  for (let links = 0; pending.length > 0; ) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      found.pop();
      continue;
    }
    const above = found.length === 0 ? root : found.at(-1)?.node;
    if (above !== undefined && above.kind !== 'folder')
      throw blocked(path, `\`/${found.map(({ name }) => name).join('/')}\` is no folder in the base image`);
    const node = above?.children?.get(part);
    if (node?.kind === 'link') {
      links += 1;
      if (links > mostLinks) throw blocked(path, 'the links of the base image lead in circles');
      const target = node.target ?? '';
      if (target.startsWith('/')) found.length = 0;
      pending = [...target.split('/'), ...pending];
      continue;
    }
    found.push({ name: part, node });
  }
  return { path: found.map(({ name }) => name).join('/'), node: found.length === 0 ? root : found.at(-1)?.node };
}

function blocked(path: string, what: string): AppError {
  return new AppError('INVALID_IMAGE', `\`${path}\` cannot be reached: ${what}`, { hint: 'Take another base image.' });
}

/** What a path leads to; nothing where it leads through a file or in circles. */
export function nodeAt(root: TreeNode, path: string): TreeNode | undefined {
  try {
    return resolvePath(root, path).node;
  } catch {
    return undefined;
  }
}

/** Every path with what stands there, parents first, sorted. */
export function* listTree(node: TreeNode, path = ''): Generator<[path: string, node: TreeNode]> {
  for (const [name, child] of [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = path === '' ? name : `${path}/${name}`;
    yield [own, child];
    if (child.kind === 'folder') yield* listTree(child, own);
  }
}

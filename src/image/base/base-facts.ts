import { listTree, nodeAt, resolvePath, type TreeNode } from './file-tree.ts';

/** A Python of a base image. */
export interface BasePython {
  /** "3.11" */
  minor: string;
  /** "3.11.2"; the minor version alone where the image does not tell. */
  version: string;
  /** Absolute: the program itself, no link. */
  path: string;
  /** Absolute: folders of its packages that are there. */
  sitePackages: string[];
}

/** What a base image offers to those who build on it. */
export interface BaseFacts {
  libc: { family: 'glibc' | 'musl'; version: string | undefined } | undefined;
  /** The one that `python3` starts comes first, then those on the image's PATH, then the rest. */
  pythons: BasePython[];
}

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `env` is the image's. */
export function baseFacts(root: TreeNode, env: readonly string[]): BaseFacts {
  const folders = (env.find((line) => line.startsWith('PATH='))?.slice(5) ?? defaultPath).split(':');
  const programs = new Map<string, TreeNode>();
  const versions = new Map<string, string>();
  const libcs: { family: 'glibc' | 'musl'; version: string | undefined }[] = [];
  for (const [path, node] of listTree(root)) {
    if (node.kind !== 'file') continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (/^python3\.\d+$/.test(name) && (node.mode & 0o111) !== 0 && /(?:^|\/)bin\/[^/]+$/.test(path))
      programs.set(path, node);
    const library = /^libpython(3\.\d+)[a-z]*\.so/.exec(name)?.[1];
    if (library !== undefined && node.fact !== undefined) versions.set(`${rootOf(path)} ${library}`, node.fact);
    if (/^libc(?:-\d+\.\d+)?\.so(?:\.6)?$/.test(name) && node.fact !== undefined)
      libcs.push({ family: 'glibc', version: node.fact });
    if (name.startsWith('ld-musl-')) libcs.push({ family: 'musl', version: node.fact });
  }
  const pythons = [...programs].map(([path, node]): BasePython => {
    const minor = path.slice(path.lastIndexOf('/') + 'python'.length + 1);
    const version = node.fact ?? versions.get(`${rootOf(path)} ${minor}`) ?? minor;
    return { minor, version, path: `/${path}`, sitePackages: sitePackages(root, rootOf(path), minor) };
  });
  const rank = rankOf(root, folders);
  return {
    // Where there are both, programs of the image itself use the one that more than one file speaks for: glibc.
    libc: libcs.find(({ family }) => family === 'glibc') ?? libcs[0],
    pythons: pythons.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1)),
  };
}

/** What a program or library was installed under: `usr`, `usr/local`, `opt/conda`. */
function rootOf(path: string): string {
  return path.replace(/\/?(?:bin|lib(?:64)?)\/.*$/, '');
}

function sitePackages(root: TreeNode, under: string, minor: string): string[] {
  const place = under === '' ? '' : `${under}/`;
  return [
    `${place}lib/python${minor}/site-packages`,
    `${place}local/lib/python${minor}/dist-packages`,
    `${place}lib/python3/dist-packages`,
  ]
    .filter((path) => nodeAt(root, path)?.kind === 'folder')
    .map((path) => `/${path}`);
}

function rankOf(root: TreeNode, folders: readonly string[]): (python: BasePython) => number {
  const order: string[] = [];
  for (const folder of folders) {
    const real = resolved(root, `${folder}/python3`);
    if (real !== undefined) order.push(`/${real}`);
  }
  for (const folder of folders) order.push(`/${resolved(root, folder) ?? folder}/`);
  return ({ path }) => {
    const at = order.findIndex((each) =>
      each.endsWith('/') ? path.slice(0, path.lastIndexOf('/') + 1) === each : path === each,
    );
    return at === -1 ? order.length : at;
  };
}

function resolved(root: TreeNode, path: string): string | undefined {
  try {
    const { path: real, node } = resolvePath(root, path);
    return node === undefined ? undefined : real;
  } catch {
    return undefined;
  }
}

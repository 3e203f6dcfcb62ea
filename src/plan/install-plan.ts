import type { UnpackedWheel } from '../store/index.ts';

/** The Python that a prefix is made for: the machine's, not a venv's. */
export interface PlanPython {
  /** "3.11" */
  minor: string;
  /** "3.11.7" */
  version: string;
  /** The folder of the executable, for `pyvenv.cfg`. */
  home: string;
  /** Absolute; `bin/python` points to it. */
  executable: string;
}

export type PlanContent =
  /** A file of an unpacked archive, as it is. */
  | { kind: 'archive'; sha256: string; file: string }
  | { kind: 'text'; text: string }
  | { kind: 'bytes'; bytes: Uint8Array }
  /** A symbolic link. */
  | { kind: 'link'; target: string };

export interface PlanEntry {
  /** Relative to the prefix, with `/`. */
  path: string;
  executable: boolean;
  content: PlanContent;
  /** Of the content; of a link's target for links. Lower-case hex. */
  sha256: string;
  size: number;
  /** The package's name, or `the environment` for what makes the directory one. */
  owner: string;
}

/** The tree of a wheel, which goes to one place as a whole: tens of thousands of files that need no entries of their own. */
export interface PlanTree {
  /** The package's name. */
  owner: string;
  wheel: UnpackedWheel;
  /** The folder that it goes to, relative to the prefix. */
  path: string;
  /** Files of the tree (relative to it) that another owner has: they are left out. */
  without: ReadonlySet<string>;
}

/** Which file goes where, with which content. */
export interface InstallPlan {
  /** Where the prefix will be; scripts name it. Absolute. */
  prefix: string;
  python: PlanPython;
  lockDigest: string;
  /** In install order. */
  trees: readonly PlanTree[];
  /** What else there is, sorted by path (UTF-16 code units). Trees and entries together have every path once, and none lies below another one. */
  entries: readonly PlanEntry[];
}

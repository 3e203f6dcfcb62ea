import type { UnpackedWheel } from '../store/index.ts';
import type { Overwrite } from './claims.ts';
import type { CondaRecord } from './conda-record.ts';

/** The Python of a prefix: the machine's (not a venv's), or the one that conda packages bring. */
export interface PlanPython {
  /** "3.11" */
  minor: string;
  /** "3.11.7" */
  version: string;
  /** The folder of the executable, for `pyvenv.cfg`. */
  home: string;
  /** Absolute; with the machine's, `bin/python` points to it. */
  executable: string;
}

export type PlanContent =
  /** A file of an unpacked archive, as it is; with `copy` it must not share its bytes with the store's. */
  | { kind: 'archive'; sha256: string; file: string; copy?: boolean }
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

/** A file in which the prefix takes the place of its placeholder; what comes out is known when it is made (`replacePrefix`). */
export interface PlanRewrite {
  /** Relative to the prefix, with `/`. */
  path: string;
  executable: boolean;
  owner: string;
  /** The archive's. */
  archive: string;
  /** Absolute, in the store. */
  file: string;
  /** Of the file in the store. */
  size: number;
  placeholder: string;
  mode: 'text' | 'binary';
}

/** Files of a package that go to one place as they are: tens of thousands that need no entries of their own. */
export interface PlanTree {
  /** The package's name. */
  owner: string;
  /** SHA-256 of the archive that they are of. */
  archive: string;
  /** The folder of the store that they are in. Absolute. */
  from: string;
  /** Which they are, relative to it; see `readTree`. */
  text: string;
  bytes: number;
  /** The folder that they go to, relative to the prefix; '' for the prefix itself. */
  path: string;
  /** Files of the tree (relative to it) that are left out: another owner has them. */
  without: ReadonlySet<string>;
  /** Of a wheel: all of it but `.data`. */
  wheel?: UnpackedWheel;
}

/** Which file goes where, with which content. */
export interface InstallPlan {
  /** Where the prefix will be; scripts name it. Absolute. */
  prefix: string;
  /** Undefined for conda packages without a Python among them. */
  python: PlanPython | undefined;
  lockDigest: string;
  /** In install order. */
  trees: readonly PlanTree[];
  /**
   * What else there is, sorted by path (UTF-16 code units). Trees, entries, rewritten files and conda's records together have every path once, and
   * none lies below another one.
   */
  entries: readonly PlanEntry[];
  /** Sorted by path. */
  rewrites: readonly PlanRewrite[];
  /** `conda-meta/*.json`, which can be written when the rewritten files are. In install order. */
  condaRecords: readonly CondaRecord[];
  /** Who took files of a conda package. */
  overwrites: readonly Overwrite[];
  /** What a user should know: install scripts that are not run, files that two packages have. */
  notes: readonly string[];
}

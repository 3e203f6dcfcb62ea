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
  | { kind: 'archive'; sha256: string; member: string }
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
  /** The package's name, or `terroir` for what makes the directory an environment. */
  owner: string;
}

/** Which file goes where, with which content. */
export interface InstallPlan {
  /** Where the prefix will be; scripts name it. Absolute. */
  prefix: string;
  python: PlanPython;
  lockDigest: string;
  /** Sorted by path (UTF-16 code units); every path once; no entry lies below another one. */
  entries: readonly PlanEntry[];
}

/** A file or link in a folder. */
export interface TreeEntry {
  /** Relative to the folder, with `/`. */
  path: string;
  type: 'file' | 'link';
  executable: boolean;
  size: number;
  /** Where a link points. */
  target?: string;
  /** SHA-256 of a file's content, hex. */
  digest(): Promise<string>;
}

/** The files around a definition. Paths are relative to the folder of its main file, with `/`; they may climb with `..`. */
export interface FileAccess {
  readBytes(path: string): Promise<Uint8Array | undefined>;
  kind(path: string): Promise<'file' | 'folder' | undefined>;
  /** Every file and link below a folder, sorted by path; folders for which `skip` says so are not entered. */
  listTree(path: string, skip?: (path: string) => boolean): Promise<TreeEntry[]>;
}

/** A file or folder that a definition refers to, and that must be kept with a version. */
export interface ReferencedFile {
  /** As the definition reaches it from its main file, with `/`. */
  path: string;
  digest: string;
  size: number;
  kind: 'file' | 'tree';
  /** Of a tree: what is in it. */
  entries?: {
    path: string;
    type: 'file' | 'link';
    executable: boolean;
    size: number;
    digest: string;
    target?: string;
  }[];
}

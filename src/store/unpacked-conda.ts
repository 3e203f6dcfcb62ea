import type { EntryPoint } from './unpacked-wheel.ts';

/** A path of a conda package, as `info/paths.json` (or `info/files` with `has_prefix`, the older form) has it. */
export interface CondaFile {
  /** In the package, with `/`. */
  path: string;
  type: 'file' | 'link' | 'directory';
  /** Of the unpacked file's content, of a link's target (its text); lower-case hex. Empty for directories. */
  sha256: string;
  /** Of the same. */
  size: number;
  executable: boolean;
  /** A link's target, as it is in the package. */
  target?: string;
  /** What stands for the prefix in the file, and how it is replaced. */
  placeholder?: { text: string; mode: 'text' | 'binary' };
  /** It has to be copied: a program finds itself by where its file lies. */
  noLink?: boolean;
}

/** A conda package that is unpacked in the store: what a plan has to know of it. */
export interface UnpackedConda {
  /** Of the archive. */
  sha256: string;
  filename: string;
  /** Where the files are. Absolute. */
  folder: string;
  /** Where the package's own `info/` is, but for recipe and tests: in `folder`, as conda's tools expect it. Absolute. */
  infoFolder: string;
  /** The files there. */
  infoFiles: { path: string; sha256: string; size: number }[];
  name: string;
  version: string;
  build: string;
  buildNumber: number;
  noarch?: 'python' | 'generic';
  /** `info/index.json`, whole: what conda-meta repeats. */
  index: Record<string, unknown>;
  /** Of a noarch Python package (`info/link.json`). */
  entryPoints: EntryPoint[];
  /** Sorted by path (UTF-16 code units). Without `info/`. */
  files: CondaFile[];
  /** Install scripts and menus, which are never run: paths in the package. */
  scripts: string[];
}

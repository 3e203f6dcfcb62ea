/** A file of an unpacked wheel. */
export interface WheelFile {
  /** In the wheel, with `/`. */
  path: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
  executable: boolean;
}

/** A line of entry_points.txt: `name = module:attribute`. Extras are left out. */
export interface EntryPoint {
  name: string;
  module: string;
  attribute: string;
}

/** A file below `.data/scripts/` whose first line asks for the environment's Python (`#!python`). */
export interface PythonScript {
  path: string;
  /** What follows the interpreter on the first line, blank included: ` -u`; mostly empty. */
  shebangArguments: string;
  /** Everything after the first line. */
  rest: Uint8Array;
}

/** What the dist-info folder says, as far as an installation needs it. */
export interface WheelFacts {
  /** `numpy-2.3.5.dist-info` */
  distInfo: string;
  /** `numpy-2.3.5.data`, if the wheel has one. */
  dataFolder: string | undefined;
  /** As METADATA writes them. */
  name: string;
  version: string;
  wheelVersion: string;
  rootIsPurelib: boolean;
  consoleScripts: readonly EntryPoint[];
  guiScripts: readonly EntryPoint[];
  pythonScripts: readonly PythonScript[];
  /** Where RECORD disagrees with the files: names with another digest or size, names that are missing. At most 20. */
  recordProblems: readonly string[];
}

/** A wheel, unpacked once. Its files are read-only: they are shared by hard link with every prefix. */
export interface UnpackedWheel extends WheelFacts {
  /** Of the archive. */
  sha256: string;
  filename: string;
  /** The folder that holds the files; absolute. */
  folder: string;
  /** Of all files. */
  bytes: number;
  /** Sorted by path (UTF-16 code units). */
  files: readonly WheelFile[];
}

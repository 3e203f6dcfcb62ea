import type { Platform } from './platform.ts';

/** A conda package as a lock file of another tool lists it: so far as its address and the file tell. */
export interface ListedConda {
  kind: 'conda';
  name: string;
  version: string;
  build: string;
  filename: string;
  url: string;
  /** The channel's address. */
  channel: string;
  subdir: string;
  md5?: string;
  sha256?: string;
  /** Undefined where the file is for one platform only. */
  platform?: Platform;
}

/** A file of a distribution. */
export interface ListedFile {
  filename: string;
  url?: string;
  sha256?: string;
  size?: number;
}

/** A Python distribution that it lists. */
export interface ListedPypi {
  kind: 'pypi';
  /** Normalised. */
  name: string;
  version?: string;
  platform?: Platform;
  /** PEP 508; where it does not hold, the package is not there. */
  marker?: string;
  index?: string;
  wheels: ListedFile[];
  sdist?: ListedFile;
  /** A wheel or source by address, from no index. */
  archive?: ListedFile & { subdirectory?: string };
  git?: { url: string; commit: string; subdirectory?: string };
  /** Names, normalised. */
  dependencies: string[];
}

/** What a lock file of another tool says: exact packages, for one or more platforms. */
export interface ListedLock {
  format: 'explicit' | 'conda-lock' | 'pylock';
  packages: (ListedConda | ListedPypi)[];
  /** conda channels, in order. */
  channels: string[];
  /** Empty: for any. */
  platforms: Platform[];
  /** Of Python, as written. */
  requiresPython?: string;
  /** Of a `pylock.toml`: what its markers may ask for. */
  defaultGroups: string[];
}

import type { InstallPlan, PlanPython } from '../plan/index.ts';
import type { Emit } from '../report/index.ts';
import type { Damage, Store } from '../store/index.ts';

export interface PrefixesOptions {
  /** The store's. */
  root: string;
  store: Store;
}

/** An environment as a directory on this machine. */
export interface Prefix {
  key: string;
  /** Absolute. */
  path: string;
  /** `<path>/bin/python` */
  python: string;
  lockDigest: string;
  /** "3.11.7" */
  pythonVersion: string;
  /** Of all its files, shared ones included. */
  bytes: number;
  files: number;
}

export interface EnsureOptions {
  emit?: Emit;
  signal?: AbortSignal;
}

export interface Prefixes {
  /** What names the prefix: the lock, the interpreter, and the version of our layout. */
  key(lockDigest: string, python: PlanPython): string;
  /** The prefix, if it is made, not known to be damaged, and its interpreter is still there. Reads two small things. */
  find(key: string): Promise<Prefix | undefined>;
  /**
   * The prefix, made if it is not there, repaired if `verify` found it damaged. One process makes it, others wait.
   * `makePlan` gets the absolute path that the prefix will have.
   * @throws AppError PYTHON_NOT_FOUND, DISK_FULL, and what `makePlan` throws.
   */
  ensure(
    key: string,
    makePlan: (prefixPath: string) => Promise<InstallPlan>,
    options?: EnsureOptions,
  ): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
  /** Compares every file with its digest. A damaged prefix is marked, and the next `ensure` repairs it. Python's `__pycache__` does not count. */
  verify(key: string, options?: EnsureOptions): Promise<{ checked: number; damaged: Damage[] }>;
  /** Removes it; false if there is none. */
  remove(key: string): Promise<boolean>;
  list(): Promise<(Prefix & { lastUsed: string })[]>;
}

export function createPrefixes(_options: PrefixesOptions): Prefixes {
  throw new Error('not written yet');
}

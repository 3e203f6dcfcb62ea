import type { Definition, Lock, LockedPython, Platform } from '../schema/index.ts';
import type { CondaSolver } from './conda-solver.ts';
import type { PypiResolver } from './pypi-resolver.ts';

export interface ResolveRequest {
  definition: Definition;
  fingerprint: string;
  platform: Platform;
  /** Of a requirements layer. A conda layer's is what is solved. */
  python: LockedPython | undefined;
  /** The absolute path at which a file of the definition was laid out. */
  place: (path: string) => string;
  /** What moves as little as possible: an earlier lock of this or of the source definition. */
  seed?: Lock;
  /** With a seed: what may move all the same. */
  upgrade?: 'all' | readonly string[];
}

/** Where packages are asked for; opened only when they are. */
export interface ResolveChannels {
  pypi: () => Promise<PypiResolver>;
  conda: () => CondaSolver;
}

/** The parts of a lock that are found out. */
export type Resolved = Pick<Lock, 'python' | 'inputs' | 'packages'>;

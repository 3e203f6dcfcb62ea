import type { Lock } from '../schema/index.ts';
import type { UnpackedConda, UnpackedWheel } from '../store/index.ts';
import type { InstallPlan, PlanPython } from './install-plan.ts';
import { planConda } from './plan-conda.ts';
import { planVenv } from './plan-venv.ts';

export interface PlanInput {
  lock: Lock;
  /** By the archive's SHA-256; every wheel of the lock must be in it. */
  wheels: ReadonlyMap<string, UnpackedWheel>;
  /** By the archive's SHA-256; every conda package of the lock must be in it. */
  conda?: ReadonlyMap<string, UnpackedConda>;
  /** The machine's, for a lock that takes it from there; conda packages bring their own. */
  python?: PlanPython;
  /** Where the prefix will be. Absolute. */
  prefix: string;
  /** Where the archive with this SHA-256 is, if conda's records shall say it. */
  archiveFile?: (sha256: string) => string;
}

/**
 * Installs the packages of a lock on paper: conda's as conda does, then the wheels as the binary distribution format says ("Installing a wheel").
 * @throws AppError PACKAGE_CONFLICT where two packages cannot stand side by side; INVALID_WHEEL where a wheel is not what the lock says;
 * PREFIX_TOO_LONG where a binary has no room for the prefix; HOSTILE_ARCHIVE; INVALID_LOCK.
 */
export function planPrefix({ lock, wheels, conda, python, prefix, archiveFile }: PlanInput): InstallPlan {
  if (isCondaLock(lock)) return planConda({ lock, wheels, conda: conda ?? new Map(), prefix, archiveFile });
  if (python === undefined) throw new Error('a virtual environment needs a Python');
  return planVenv({ lock, wheels, python, prefix });
}

/** Whether conda packages make the prefix, and bring its Python if there is one. */
export function isCondaLock({ python, packages }: Lock): boolean {
  return python === undefined || python.source === 'conda' || packages.some(({ kind }) => kind === 'conda');
}

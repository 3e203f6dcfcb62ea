import type { Lock } from '../schema/index.ts';
import type { UnpackedWheel } from '../store/index.ts';
import type { InstallPlan, PlanPython } from './install-plan.ts';

export interface PlanInput {
  lock: Lock;
  /** By the archive's SHA-256; every package of the lock must be in it. */
  wheels: ReadonlyMap<string, UnpackedWheel>;
  python: PlanPython;
  /** Absolute. */
  prefix: string;
}

export function planPrefix(_input: PlanInput): InstallPlan {
  throw new Error('not written yet');
}

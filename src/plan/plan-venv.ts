import { createClaims } from './claims.ts';
import { venvGlue } from './glue.ts';
import type { InstallPlan, PlanEntry } from './install-plan.ts';
import { addRecords, claimRecords, claimWheels, wheelsOf } from './install-wheels.ts';
import { venvLayout } from './layout.ts';
import type { PlanInput } from './plan-prefix.ts';

/** A virtual environment made by hand, of wheels alone. */
export function planVenv({
  lock,
  wheels,
  python,
  prefix,
}: Required<Omit<PlanInput, 'conda' | 'archiveFile'>>): InstallPlan {
  const layout = venvLayout(python);
  const claims = createClaims<PlanEntry>();
  const packages = wheelsOf(lock.packages, wheels);
  claimWheels(claims, packages, { layout, interpreter: `${prefix}/bin/python` });
  for (const entry of venvGlue(python, prefix)) claims.claim(entry);
  const paths = claimRecords(claims, packages, layout);
  const { trees, entries } = claims.settle();
  for (const path of paths) entries.delete(path);
  addRecords(entries, trees);
  return {
    prefix,
    python,
    lockDigest: lock.digest,
    trees,
    entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    rewrites: [],
    condaRecords: [],
    overwrites: [],
    notes: [],
  };
}

import { condaName } from '../requirements/index.ts';
import type { CondaPackage } from '../schema/index.ts';
import type { SolvedPackage } from './conda-solver.ts';
import { installOrder } from './install-order.ts';

/** Solved packages as a lock has them: who needs whom, what was asked for, in install order, Python as early as it can be. */
export function condaPackages(solved: readonly SolvedPackage[], specs: readonly string[]): CondaPackage[] {
  const names = new Set(solved.map(({ name }) => name));
  const requested = new Set(specs.map(condaName));
  const packages = solved.map((pkg): CondaPackage => {
    const needed = new Set(pkg.depends.map(condaName).filter((name) => names.has(name) && name !== pkg.name));
    return { ...pkg, dependencies: [...needed].sort(), requested: requested.has(pkg.name) };
  });
  return installOrder(packages, 'python');
}

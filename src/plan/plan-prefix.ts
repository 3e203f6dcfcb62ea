import { AppError } from '../errors/index.ts';
import { canonicalVersion, normaliseName } from '../requirements/index.ts';
import type { Lock, PypiPackage } from '../schema/index.ts';
import type { UnpackedWheel } from '../store/index.ts';
import { createClaims } from './claims.ts';
import { generated } from './generated-entry.ts';
import { environment, glueEntries } from './glue.ts';
import type { InstallPlan, PlanEntry, PlanPython, PlanTree } from './install-plan.ts';
import { recordEntry } from './record.ts';
import { wheelEntries } from './wheel-entries.ts';

export interface PlanInput {
  lock: Lock;
  /** By the archive's SHA-256; every package of the lock must be in it. */
  wheels: ReadonlyMap<string, UnpackedWheel>;
  python: PlanPython;
  /** Where the prefix will be. Absolute. */
  prefix: string;
}

/**
 * Installs the wheels of a lock on paper, as the binary distribution format says ("Installing a wheel").
 * @throws AppError PACKAGE_CONFLICT where two packages cannot stand side by side; INVALID_WHEEL where a wheel is not what the lock says.
 */
export function planPrefix({ lock, wheels, python, prefix }: PlanInput): InstallPlan {
  const sitePackages = `lib/python${python.minor}/site-packages`;
  const claims = createClaims(sitePackages);
  const packages = lock.packages.filter((pkg) => pkg.kind === 'pypi');
  for (const pkg of packages) {
    const wheel = wheels.get(pkg.sha256);
    if (wheel === undefined) throw new Error(`the wheel ${pkg.filename} is not unpacked`);
    checkIdentity(pkg, wheel);
    claims.claimTree({ owner: pkg.name, wheel });
    for (const entry of wheelEntries({ pkg, wheel, sitePackages, prefix, minor: python.minor })) claims.claim(entry);
  }
  for (const entry of glueEntries(python, prefix)) claims.claim(entry);
  // A RECORD lists what its package has in the end; its path is taken before.
  const paths = new Set<string>();
  for (const { sha256 } of packages) {
    const path = `${sitePackages}/${wheels.get(sha256)?.distInfo}/RECORD`;
    claims.claim(generated(path, '', environment));
    paths.add(path);
  }
  const { trees, entries } = claims.settle();
  for (const path of paths) entries.delete(path);
  for (const record of records(trees, entries)) entries.set(record.path, record);
  const sorted = [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { prefix, python, lockDigest: lock.digest, trees, entries: sorted };
}

function checkIdentity(pkg: PypiPackage, wheel: UnpackedWheel): void {
  if (normaliseName(wheel.name) === pkg.name && canonicalVersion(wheel.version) === canonicalVersion(pkg.version))
    return;
  throw new AppError(
    'INVALID_WHEEL',
    `\`${wheel.filename}\` says that it is ${wheel.name} ${wheel.version}, and the lock says ${pkg.name} ${pkg.version}`,
    {
      hint: 'Report it to those who publish the package.',
    },
  );
}

function records(trees: readonly PlanTree[], entries: ReadonlyMap<string, PlanEntry>): PlanEntry[] {
  const own = Map.groupBy(entries.values(), ({ owner }) => owner);
  return trees.map((tree) => recordEntry(tree, own.get(tree.owner) ?? []));
}

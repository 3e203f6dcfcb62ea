import { AppError } from '../errors/index.ts';
import { canonicalVersion, normaliseName } from '../requirements/index.ts';
import type { LockedPackage, PypiPackage } from '../schema/index.ts';
import type { UnpackedWheel } from '../store/index.ts';
import type { Claims } from './claims.ts';
import { generated } from './generated-entry.ts';
import { environment } from './glue.ts';
import type { PlanEntry, PlanTree } from './install-plan.ts';
import type { Layout } from './layout.ts';
import { recordEntry } from './record.ts';
import { wheelEntries } from './wheel-entries.ts';

/** What makes it an environment stays, whatever a wheel brings. (In a venv it is claimed last.) */
const reserved = /^bin\/(?:activate|python(?:\d(?:\.\d+t?)?)?)$/;

export interface WheelToInstall {
  pkg: PypiPackage;
  wheel: UnpackedWheel;
}

/** The wheels of a lock, in its order. @throws AppError INVALID_WHEEL where one is not what the lock says. */
export function wheelsOf(
  packages: readonly LockedPackage[],
  wheels: ReadonlyMap<string, UnpackedWheel>,
): WheelToInstall[] {
  return packages.flatMap((pkg) => {
    if (pkg.kind !== 'pypi') return [];
    const wheel = wheels.get(pkg.sha256);
    if (wheel === undefined) throw new Error(`the wheel ${pkg.filename} is not unpacked`);
    checkIdentity(pkg, wheel);
    return [{ pkg, wheel }];
  });
}

/** Claims what "Installing a wheel" (binary distribution format) puts into a prefix. `interpreter` is what scripts are run with. */
export function claimWheels(
  claims: Pick<Claims<PlanEntry>, 'claim' | 'claimTree'>,
  wheels: readonly WheelToInstall[],
  { layout, interpreter }: { layout: Layout; interpreter: string },
): void {
  for (const { pkg, wheel } of wheels) {
    claims.claimTree({
      owner: pkg.name,
      archive: wheel.sha256,
      from: wheel.folder,
      path: layout.sitePackages,
      text: wheel.tree,
      bytes: wheel.bytes,
      wheel,
    });
    for (const entry of wheelEntries({ pkg, wheel, layout, interpreter }))
      if (layout.kind === 'venv' || !reserved.test(entry.path)) claims.claim(entry);
  }
}

/** A RECORD lists what its package has in the end; its path is taken before. Answers the paths. */
export function claimRecords(
  claims: Pick<Claims<PlanEntry>, 'claim' | 'claimTree'>,
  wheels: readonly WheelToInstall[],
  { sitePackages }: Layout,
): Set<string> {
  const paths = new Set(wheels.map(({ wheel }) => `${sitePackages}/${wheel.distInfo}/RECORD`));
  for (const path of paths) claims.claim(generated(path, '', environment));
  return paths;
}

/** Puts each wheel's RECORD to the entries. */
export function addRecords(entries: Map<string, PlanEntry>, trees: readonly PlanTree[]): void {
  const own = Map.groupBy(entries.values(), ({ owner }) => owner);
  for (const tree of trees) {
    if (tree.wheel === undefined) continue;
    const record = recordEntry({ ...tree, wheel: tree.wheel }, own.get(tree.owner) ?? []);
    entries.set(record.path, record);
  }
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

import { AppError } from '../errors/index.ts';
import type { CondaPackage, LockedPackage } from '../schema/index.ts';
import type { UnpackedConda } from '../store/index.ts';
import type { CondaActivation } from './activate.ts';
import { claimConda } from './claim-conda.ts';
import { createClaims } from './claims.ts';
import { movesOf, placeOf } from './conda-place.ts';
import { condaRecord, recordPath } from './conda-record.ts';
import { generated } from './generated-entry.ts';
import { condaActivateEntry, condaGlue, environment } from './glue.ts';
import type { InstallPlan, PlanEntry, PlanPython, PlanRewrite } from './install-plan.ts';
import { addRecords, claimRecords, claimWheels, wheelsOf } from './install-wheels.ts';
import { condaLayout, type Layout } from './layout.ts';
import { notesOf } from './notes.ts';
import type { PlanInput } from './plan-prefix.ts';
import { leaveOutStaleBytecode } from './stale-bytecode.ts';

interface CondaToInstall {
  pkg: CondaPackage;
  unpacked: UnpackedConda;
  /** What it is called as an owner: a wheel may have the same name. */
  owner: string;
}

/** conda packages as conda links them, then wheels as pip would put them there. */
export function planConda({
  lock,
  wheels,
  conda,
  prefix,
  archiveFile,
}: Omit<PlanInput, 'python' | 'conda'> & { conda: NonNullable<PlanInput['conda']> }): InstallPlan {
  const packages = condaOf(lock.packages, conda);
  const pythonPackage = packages.find(({ pkg }) => pkg.name === 'python')?.pkg;
  const python = pythonPackage && pythonOf(pythonPackage.version, prefix);
  const layout = condaLayout(pythonPackage);
  const claims = createClaims<PlanEntry | PlanRewrite>();
  claims.claim(condaActivateEntry(prefix, activationOf(packages, layout)));
  for (const each of packages) {
    checkPythonIsThere(each, python);
    claimConda(claims, { ...each, layout, prefix, interpreter: python?.executable ?? '' });
  }
  const installed = wheelsOf(lock.packages, wheels);
  claimWheels(claims, installed, { layout, interpreter: `${prefix}/bin/python` });
  const records = claimRecords(claims, installed, layout);
  for (const entry of condaGlue(
    packages.map(({ pkg }) => pkg),
    python,
    layout,
  ))
    claims.claim(entry);
  for (const { pkg } of packages) {
    const path = recordPath(pkg);
    claims.claim(generated(path, '', environment));
    records.add(path);
  }
  const { trees, entries: settled, overwrites: all } = claims.settle();
  for (const path of records) settled.delete(path);
  const rewrites = [...settled.values()].filter(isRewrite);
  const lost = all.flatMap(({ paths, winner }) => paths.map((path) => ({ path, winner })));
  leaveOutStaleBytecode(trees, [...rewrites.map(({ path }) => ({ path })), ...lost]);
  const entries = new Map([...settled].filter((each): each is [string, PlanEntry] => !isRewrite(each[1])));
  addRecords(entries, trees);
  const owners = new Set(packages.map(({ owner }) => owner));
  const overwrites = all.filter(({ loser, winner }) => owners.has(loser) && winner !== environment);
  return {
    prefix,
    python,
    lockDigest: lock.digest,
    trees,
    entries: [...entries.values()].sort(byPath),
    rewrites: rewrites.sort(byPath),
    condaRecords: packages.map((each) =>
      condaRecord({ ...each, layout, trees, entries: settled, archiveFile: archiveFile?.(each.pkg.sha256) }),
    ),
    overwrites,
    notes: notesOf({ platform: lock.platform, packages, overwrites, rewrites }),
  };
}

function condaOf(packages: readonly LockedPackage[], conda: ReadonlyMap<string, UnpackedConda>): CondaToInstall[] {
  const wheels = new Set(packages.filter(({ kind }) => kind === 'pypi').map(({ name }) => name));
  return packages.flatMap((pkg) => {
    if (pkg.kind !== 'conda') return [];
    const unpacked = conda.get(pkg.sha256);
    if (unpacked === undefined) throw new Error(`the package ${pkg.filename} is not unpacked`);
    checkIdentity(pkg, unpacked);
    return [{ pkg, unpacked, owner: wheels.has(pkg.name) ? `conda’s ${pkg.name}` : pkg.name }];
  });
}

function checkIdentity({ name, version, build, filename }: CondaPackage, unpacked: UnpackedConda): void {
  if (unpacked.name === name && unpacked.version === version && unpacked.build === build) return;
  throw new AppError(
    'INVALID_PACKAGE',
    `\`${filename}\` says that it is ${unpacked.name} ${unpacked.version} ${unpacked.build}, and the lock says ${name} ${version} ${build}`,
    { hint: 'Report it to those who run the channel.' },
  );
}

function checkPythonIsThere({ pkg, unpacked }: CondaToInstall, python: PlanPython | undefined): void {
  if (unpacked.noarch !== 'python' || python !== undefined) return;
  throw new AppError('INVALID_LOCK', `${pkg.name} is a Python package, and the lock has no Python`, {
    hint: 'Add `python` to the dependencies, and lock again.',
  });
}

function pythonOf(version: string, prefix: string): PlanPython {
  const minor = version.split('.').slice(0, 2).join('.');
  return { minor, version, home: `${prefix}/bin`, executable: `${prefix}/bin/python${minor}` };
}

/** Whoever has these files in the end: that one is sourced. */
function activationOf(packages: readonly CondaToInstall[], layout: Layout): CondaActivation {
  const paths = packages.flatMap(({ unpacked }) => {
    const moves = movesOf(unpacked, layout);
    return unpacked.files
      .filter(({ type, path }) => type !== 'directory' && path.startsWith('etc/conda/'))
      .map(({ path }) => placeOf(path, moves));
  });
  const matching = (pattern: RegExp): string[] => [...new Set(paths.filter((path) => pattern.test(path)))].sort();
  return {
    activate: matching(/^etc\/conda\/activate\.d\/[^/]+\.sh$/),
    deactivate: matching(/^etc\/conda\/deactivate\.d\/[^/]+\.sh$/),
    variables: matching(/^etc\/conda\/env_vars\.d\/[^/]+\.json$/),
  };
}

function isRewrite(entry: PlanEntry | PlanRewrite): entry is PlanRewrite {
  return 'placeholder' in entry;
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}

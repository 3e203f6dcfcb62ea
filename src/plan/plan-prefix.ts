import { AppError } from '../errors/index.ts';
import { canonicalVersion, normaliseName } from '../requirements/index.ts';
import type { Lock, PypiPackage } from '../schema/index.ts';
import { recordLines, type UnpackedWheel } from '../store/index.ts';
import { generated } from './generated-entry.ts';
import { glueEntries } from './glue.ts';
import type { InstallPlan, PlanEntry, PlanPython } from './install-plan.ts';
import { entryPointScript, pythonScript } from './scripts.ts';

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
  const claims = new Map<string, PlanEntry>();
  const sitePackages = `lib/python${python.minor}/site-packages`;
  const claim = (entry: PlanEntry): void => {
    claims.set(entry.path, entry);
  };
  for (const pkg of lock.packages) {
    const wheel = wheels.get(pkg.sha256);
    if (wheel === undefined) throw new Error(`the wheel ${pkg.filename} is not unpacked`);
    checkIdentity(pkg, wheel);
    for (const entry of wheelEntries({ pkg, wheel, sitePackages, prefix, python })) claim(entry);
  }
  for (const entry of glueEntries(python, prefix)) claim(entry);
  checkFolders(claims);
  const entries = [...claims.values(), ...records({ lock, wheels, claims, sitePackages })];
  return { prefix, python, lockDigest: lock.digest, entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)) };
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

interface WheelInput {
  pkg: PypiPackage;
  wheel: UnpackedWheel;
  sitePackages: string;
  prefix: string;
  python: PlanPython;
}

function wheelEntries({ pkg, wheel, sitePackages, prefix, python }: WheelInput): PlanEntry[] {
  const entries: PlanEntry[] = [];
  const owner = pkg.name;
  const record = `${wheel.distInfo}/RECORD`;
  const signatures = new Set([`${record}.jws`, `${record}.p7s`]);
  const scripts = new Map(wheel.pythonScripts.map(({ path, body }) => [path, body]));
  const entryPoints = [...wheel.consoleScripts, ...wheel.guiScripts];
  const shadowed = new Set(entryPoints.map(({ name }) => `bin/${name}`));
  for (const file of wheel.files) {
    if (file.path === record || signatures.has(file.path)) continue;
    const path = destination(file.path, wheel, sitePackages, python);
    if (path === undefined) continue;
    const body = scripts.get(file.path);
    if (body !== undefined) {
      if (!shadowed.has(path)) entries.push(generated(path, pythonScript(prefix, body), owner, true));
      continue;
    }
    entries.push({
      path,
      executable: file.executable,
      content: { kind: 'archive', sha256: wheel.sha256, member: file.path },
      sha256: file.sha256,
      size: file.size,
      owner,
    });
  }
  for (const point of entryPoints)
    entries.push(generated(`bin/${point.name}`, entryPointScript(prefix, point), owner, true));
  entries.push(generated(`${sitePackages}/${wheel.distInfo}/INSTALLER`, 'terroir\n', owner));
  if (pkg.requested) entries.push(generated(`${sitePackages}/${wheel.distInfo}/REQUESTED`, '', owner));
  const origin = directUrl(pkg);
  if (origin !== undefined) entries.push(generated(`${sitePackages}/${wheel.distInfo}/direct_url.json`, origin, owner));
  return entries;
}

/** Where a member goes; undefined for what is not installed. */
function destination(
  member: string,
  wheel: UnpackedWheel,
  sitePackages: string,
  python: PlanPython,
): string | undefined {
  if (!member.startsWith(`${wheel.data}/`)) return `${sitePackages}/${member}`;
  const [scheme = '', ...rest] = member.slice(wheel.data.length + 1).split('/');
  const path = rest.join('/');
  if (path === '') return undefined;
  switch (scheme) {
    case 'purelib':
    case 'platlib':
      return `${sitePackages}/${path}`;
    case 'scripts':
      return `bin/${path}`;
    case 'headers':
      return `include/site/python${python.minor}/${normaliseName(wheel.name)}/${path}`;
    case 'data':
      return path.replace(/^lib64\//, 'lib/');
    default:
      throw new AppError(
        'INVALID_WHEEL',
        `\`${wheel.filename}\` is no valid wheel: it has files for \`${scheme}\`, and there is no such place`,
        { hint: 'Report it to those who publish the package.' },
      );
  }
}

/** For what did not come from an index (PEP 610). */
function directUrl({ builtFrom, index, local, url, sha256: digest }: PypiPackage): string | undefined {
  if (builtFrom !== undefined) {
    const { kind, url: source, subdirectory } = builtFrom;
    if (kind === 'git') {
      const [address = source, commit = ''] = source.replace(/^git\+/, '').split(/@(?=[0-9a-f]{40}$)/);
      return json({ url: address, vcs_info: { vcs: 'git', commit_id: commit }, subdirectory });
    }
    if (kind === 'project') return json({ url: `file:${source}`, dir_info: {} });
    if (kind === 'archive')
      return json({
        url: source,
        archive_info: builtFrom.digest === undefined ? {} : { hashes: { sha256: builtFrom.digest } },
        subdirectory,
      });
    return undefined;
  }
  if (local !== undefined) return json({ url: `file:${local}`, archive_info: { hashes: { sha256: digest } } });
  return index === undefined && url !== undefined
    ? json({ url, archive_info: { hashes: { sha256: digest } } })
    : undefined;
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** One RECORD per package: what the wheel brought, then what was made here, then itself. */
function records({
  lock,
  wheels,
  claims,
  sitePackages,
}: {
  lock: Lock;
  wheels: ReadonlyMap<string, UnpackedWheel>;
  claims: ReadonlyMap<string, PlanEntry>;
  sitePackages: string;
}): PlanEntry[] {
  const madeHere = new Map<string, PlanEntry[]>();
  const lost = new Set<string>();
  for (const entry of claims.values()) {
    const fromWheel = entry.content.kind === 'archive' && !entry.content.member.includes('.data/');
    if (!fromWheel) madeHere.set(entry.owner, [...(madeHere.get(entry.owner) ?? []), entry]);
  }
  for (const { sha256: digest, name } of lock.packages) {
    for (const { path } of wheels.get(digest)?.files ?? []) {
      const claimed = claims.get(`${sitePackages}/${path}`);
      if (claimed !== undefined && claimed.owner !== name) lost.add(`${name} ${path}`);
    }
  }
  return lock.packages.map(({ sha256: digest, name }) => {
    const wheel = wheels.get(digest);
    if (wheel === undefined) throw new Error(`the wheel of ${name} is not unpacked`);
    const loses = wheel.files.some(({ path }) => lost.has(`${name} ${path}`));
    const own = wheel.files.filter(
      ({ path }) =>
        !path.startsWith(`${wheel.data}/`) && path !== `${wheel.distInfo}/RECORD` && !lost.has(`${name} ${path}`),
    );
    const made = (madeHere.get(name) ?? [])
      .map((entry) => ({ ...entry, path: relativeToSite(entry.path, sitePackages) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const text = `${loses ? recordLines(own) : wheel.record}${recordLines(made)}${wheel.distInfo}/RECORD,,\n`;
    return generated(`${sitePackages}/${wheel.distInfo}/RECORD`, text, name);
  });
}

function relativeToSite(path: string, sitePackages: string): string {
  return path.startsWith(`${sitePackages}/`) ? path.slice(sitePackages.length + 1) : `../../../${path}`;
}

/** No entry may lie below another one. */
function checkFolders(claims: ReadonlyMap<string, PlanEntry>): void {
  const known = new Set<string>();
  for (const entry of claims.values()) {
    for (let slash = entry.path.lastIndexOf('/'); slash > 0; slash = entry.path.lastIndexOf('/', slash - 1)) {
      const folder = entry.path.slice(0, slash);
      if (known.has(folder)) break;
      known.add(folder);
      const file = claims.get(folder);
      if (file !== undefined) {
        throw new AppError(
          'PACKAGE_CONFLICT',
          `${entry.owner} has a folder \`${folder}\` where ${file.owner} has a file`,
          { hint: 'Leave one of the two packages out.' },
        );
      }
    }
  }
}

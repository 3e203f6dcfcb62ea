import type { ListedConda, ListedLock, ListedPypi } from '../../schema/index.ts';

/**
 * What a lock file means as conda specifications: its packages with version and build. Of a file for several platforms, what all of them have, as
 * exactly as they agree; the rest are dependencies.
 */
export function lockedSpecs({ packages, platforms }: ListedLock): string[] {
  const byName = group(packages.filter((each) => each.kind === 'conda'));
  return [...byName].flatMap(([name, each]) => {
    const everywhere = platforms.every((platform) => each.some((pkg) => (pkg.platform ?? platform) === platform));
    return everywhere ? [condaSpec(name, each)] : [];
  });
}

function condaSpec(name: string, packages: readonly ListedConda[]): string {
  const versions = [...new Set(packages.map(({ version }) => version))];
  const builds = new Set(packages.map(({ build }) => build));
  if (versions.length > 1) return `${name} ${versions.map((version) => `==${version}`).join('|')}`;
  return builds.size > 1 ? `${name}==${versions[0]}` : `${name}=${versions[0]}=${[...builds][0]}`;
}

/** What a lock file means as requirements; for several platforms, what all of them have. */
export function lockedEntries({ packages, platforms }: ListedLock): string[] {
  const byName = group(packages.filter((each) => each.kind === 'pypi'));
  return [...byName].flatMap(([name, each]) => {
    const everywhere = platforms.every((platform) => each.some((pkg) => (pkg.platform ?? platform) === platform));
    if (!everywhere) return [];
    const lines = new Set(each.flatMap((pkg) => requirementLine(name, pkg)));
    // Different versions for different platforms: nothing exact can be said.
    return platforms.length > 0 && lines.size > 1 ? [name] : [...lines];
  });
}

/** Undefined markers of extras and groups have no place in a requirement; what they leave out is not asked for. */
function requirementLine(name: string, pkg: ListedPypi): string[] {
  const { marker, version, git, archive } = pkg;
  if (marker !== undefined && /\b(?:extras|dependency_groups)\b/.test(marker)) return [];
  const end = marker === undefined ? '' : ` ; ${marker}`;
  const place =
    git === undefined
      ? archive?.url
      : `git+${git.url}@${git.commit}${git.subdirectory === undefined ? '' : `#subdirectory=${git.subdirectory}`}`;
  if (place !== undefined) return [`${name} @ ${place}${end}`];
  return [version === undefined ? `${name}${end}` : `${name}==${version}${end}`];
}

function group<T extends { name: string }>(packages: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const pkg of packages) groups.set(pkg.name, [...(groups.get(pkg.name) ?? []), pkg]);
  return groups;
}

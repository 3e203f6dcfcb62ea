import { compareVersions, parseVersion, type Version } from './version.ts';

export const operators = ['===', '~=', '==', '!=', '<=', '>=', '<', '>'] as const;

export interface Specifier {
  operator: (typeof operators)[number];
  /** As written, without blanks; may end in `.*` for `==` and `!=`. */
  version: string;
}

/** "`>=1.2, <2`" taken apart (PEP 440); undefined if a clause is no specifier. The empty text gives an empty list. */
export function parseSpecifiers(text: string): Specifier[] | undefined {
  const trimmed = text.trim().replace(/(?<=[^,\s]\s*),$/, '');
  if (trimmed === '') return [];
  const specifiers: Specifier[] = [];
  for (const clause of trimmed.split(',')) {
    const match = /^\s*(===|~=|==|!=|<=|>=|<|>)\s*(\S+)\s*$/.exec(clause);
    const operator = operators.find((candidate) => candidate === match?.[1]);
    const version = match?.[2];
    if (operator === undefined || version === undefined || !canFollow(operator, version)) return undefined;
    specifiers.push({ operator, version });
  }
  return specifiers;
}

/** `.*` stands for a release without more, `~=` needs two numbers, and a local version can be equal, but not less or more. */
function canFollow(operator: Specifier['operator'], text: string): boolean {
  if (operator === '===') return true;
  const version = parseVersion(bare(operator, text));
  if (version === undefined) return false;
  if (operator === '==' || operator === '!=') return !text.endsWith('.*') || isPlain(version);
  return version.local === undefined && (operator !== '~=' || version.release.length > 1);
}

function isPlain({ pre, post, dev, local }: Version): boolean {
  return [pre, post, dev, local].every((part) => part === undefined);
}

function bare(operator: Specifier['operator'], version: string): string {
  return (operator === '==' || operator === '!=') && version.endsWith('.*') ? version.slice(0, -2) : version;
}

/** The one version that the specifiers allow, if they name one exactly. */
export function pinnedVersion(specifiers: readonly Specifier[]): string | undefined {
  const pin = specifiers.find(
    ({ operator, version }) => operator === '===' || (operator === '==' && !version.endsWith('.*')),
  );
  return pin?.version;
}

export function isPinned(specifiers: readonly Specifier[]): boolean {
  return pinnedVersion(specifiers) !== undefined;
}

/** True if the version satisfies all specifiers (PEP 440, pre-releases allowed). */
export function matchesSpecifier(version: string, specifiers: readonly Specifier[]): boolean {
  const parsed = parseVersion(version);
  return specifiers.every((specifier) =>
    parsed === undefined ? specifier.version === version : satisfies(parsed, version, specifier),
  );
}

function satisfies(version: Version, text: string, { operator, version: wanted }: Specifier): boolean {
  if (operator === '===') return text.toLowerCase() === wanted.toLowerCase();
  const bound = parseVersion(bare(operator, wanted));
  if (bound === undefined) return false;
  const prefix = wanted.endsWith('.*');
  const publicVersion = bound.local === undefined ? { ...version, local: undefined } : version;
  const order = compareVersions(publicVersion, bound);
  switch (operator) {
    case '==':
      return prefix ? startsWith(version, bound) : order === 0;
    case '!=':
      return prefix ? !startsWith(version, bound) : order !== 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      // `<2` lets no `2rc1` in, `<2rc1` does let `2b1`.
      return isPreRelease(bound) ? order < 0 : compareVersions(version, { ...bound, dev: 0 }) < 0;
    case '>':
      return order > 0 && !isPostReleaseOf(version, bound);
    case '~=':
      return order >= 0 && startsWith(version, { ...bound, release: bound.release.slice(0, -1) });
  }
}

function startsWith(version: Version, prefix: Version): boolean {
  return (
    version.epoch === prefix.epoch && prefix.release.every((part, index) => (version.release[index] ?? 0) === part)
  );
}

function isPreRelease({ pre, dev }: Version): boolean {
  return pre !== undefined || dev !== undefined;
}

/** `>2` lets no `2.post1` in. */
function isPostReleaseOf(version: Version, bound: Version): boolean {
  if (version.post === undefined || bound.post !== undefined || bound.dev !== undefined) return false;
  return compareVersions({ ...version, post: undefined, dev: undefined, local: undefined }, bound) === 0;
}

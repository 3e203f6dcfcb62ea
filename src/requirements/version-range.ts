import type { CondaSpec } from './conda-spec.ts';
import type { Specifier } from './specifier.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

interface Bound {
  version: Version;
  /** The version itself is out. */
  open: boolean;
}

/** Versions between two bounds; everything that a specifier says beyond that is left out, so a range may be too wide, and never too narrow. */
export interface VersionRange {
  low?: Bound;
  high?: Bound;
}

/** The versions that specifiers of Python allow (PEP 440). */
export function rangeOf(specifiers: readonly Specifier[]): VersionRange {
  return intersect(specifiers.map(({ operator, version }) => clauseRange(operator, version)));
}

/**
 * The versions that a conda specification allows, one range for each alternative (`1.2|1.3`). What is not plain numbers is taken for any version: conda
 * and PEP 440 put the rest in different orders.
 */
export function condaRangesOf({ version, exact }: CondaSpec): VersionRange[] {
  if (version === undefined) return [{}];
  if (exact) return [condaClause(`==${version}`)];
  return version.split('|').map((alternative) => intersect(alternative.split(',').map(condaClause)));
}

/** True if surely no version lies in all of them. */
export function isEmptyRange(...ranges: readonly VersionRange[]): boolean {
  const { low, high } = intersect(ranges);
  if (low === undefined || high === undefined) return false;
  const order = compareVersions(low.version, high.version);
  return order > 0 || (order === 0 && (low.open || high.open));
}

function condaClause(clause: string): VersionRange {
  const [, operator = '=', written = ''] = /^(~=|==|!=|<=|>=|<|>|=)?(.*)$/.exec(clause) ?? [];
  // `>=1.2.*` is `>=1.2` to conda.
  const text = operator === '>=' ? written.replace(/\.\*$/, '') : written;
  const isPrefix = /^\d+(?:\.\d+)*\.\*$/.test(text);
  if (isPrefix) return operator === '=' || operator === '==' ? clauseRange('==', text) : {};
  if (!/^\d+(?:\.\d+)*$/.test(text)) return {};
  switch (operator) {
    case '=':
      return clauseRange('==', `${text}.*`);
    case '<': {
      // A pre-release is less to conda, and not to PEP 440.
      const version = parseVersion(text);
      return version === undefined ? {} : { high: { version, open: true } };
    }
    case '~=':
      return text.includes('.') ? clauseRange('~=', text) : {};
    default:
      return clauseRange(operator as '==' | '!=' | '<=' | '>=' | '>', text);
  }
}

function clauseRange(operator: Specifier['operator'], text: string): VersionRange {
  const isPrefix = text.endsWith('.*');
  const parsed = parseVersion(isPrefix ? text.slice(0, -2) : text);
  if (parsed === undefined) return {};
  // `1.0+cpu` lies at 1.0.
  const version = { ...parsed, local: undefined };
  const first = { version: { ...version, dev: version.dev ?? 0 }, open: false };
  switch (operator) {
    case '==':
      return isPrefix ? { low: first, high: afterPrefix(version) } : { low: closed(version), high: closed(version) };
    case '~=':
      return { low: closed(version), high: afterPrefix({ ...version, release: version.release.slice(0, -1) }) };
    case '>=':
      return { low: closed(version) };
    case '>':
      return { low: { version, open: true } };
    case '<=':
      return { high: closed(version) };
    case '<':
      return { high: { version: version.pre === undefined ? first.version : version, open: true } };
    case '===':
    case '!=':
      return {};
  }
}

function closed(version: Version): Bound {
  return { version, open: false };
}

/** Where the versions end that begin with these numbers. */
function afterPrefix({ epoch, release }: Version): Bound {
  const next = [...release.slice(0, -1), (release.at(-1) ?? 0) + 1];
  return { version: { epoch, release: next, pre: undefined, post: undefined, dev: 0, local: undefined }, open: true };
}

function intersect(ranges: readonly VersionRange[]): VersionRange {
  return ranges.reduce<VersionRange>(
    (all, { low, high }) => ({ low: tighter(all.low, low, 1), high: tighter(all.high, high, -1) }),
    {},
  );
}

function tighter(a: Bound | undefined, b: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = compareVersions(a.version, b.version) * sign;
  if (order === 0) return a.open ? a : b;
  return order > 0 ? a : b;
}

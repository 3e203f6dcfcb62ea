/**
 * Requirement syntax: Python's names, versions, specifiers and requirements (PEP 503, 440, 508), and conda's match specifications. Pure.
 *
 * Invariants: parsing never throws for a bad text, it answers undefined; the caller knows file, line and column.
 */

export { type CondaSpec, condaName, parseCondaSpec } from './conda-spec.ts';
export { isMarker } from './marker.ts';
export { type MarkerEnvironment, matchesMarker } from './match-marker.ts';
export { normaliseName } from './name.ts';
export { parseRequirement, type Requirement } from './requirement.ts';
export { isPinned, matchesSpecifier, parseSpecifiers, type Specifier } from './specifier.ts';
export { canonicalVersion, compareVersions, parseVersion, type Version } from './version.ts';
export { condaRangesOf, isEmptyRange, rangeOf, type VersionRange } from './version-range.ts';
export { parseWheelFilename, type WheelFilename } from './wheel-filename.ts';

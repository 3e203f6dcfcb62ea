/**
 * Python's requirement syntax: names, versions, specifiers and requirements (PEP 503, 440, 508). Pure.
 *
 * Invariants: parsing never throws for a bad text, it answers undefined; the caller knows file, line and column.
 */

export { normaliseName } from './name.ts';
export { parseRequirement, type Requirement } from './requirement.ts';
export { isPinned, matchesSpecifier, parseSpecifiers, pinnedVersion, type Specifier } from './specifier.ts';
export { canonicalVersion, compareVersions, parseVersion, type Version } from './version.ts';
export { parseWheelFilename, type WheelFilename } from './wheel-filename.ts';

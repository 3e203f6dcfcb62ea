/**
 * Analysis of definitions: what will fail, what leaks a secret, what will surprise somebody later; and repairs that disturb nothing else.
 *
 * Invariants: pure; a rule is a value, listed once in `rules.ts`; `error` only for what surely fails or leaks; codes are stable.
 */
export { type CheckFacts, checkDefinition } from './check-definition.ts';
export { checksPage } from './checks-page.ts';
export { findSecrets } from './find-secrets.ts';
export type { Finding, Fix, Severity } from './finding.ts';
export { applyFixes, hasOpenPins, type LockedVersions, pinFromLock } from './fixes.ts';
export { entriesOf } from './parts.ts';

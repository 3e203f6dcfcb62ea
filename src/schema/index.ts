/**
 * The shapes of everything that enters, leaves or is kept: zod schemas and the types that share their names.
 *
 * Invariants: a schema is used once, at the edge; inside, the types are trusted. Formats that are kept carry a version number.
 */

export { canonicalJson } from './canonical-json.ts';
export * from './catalog.ts';
export * from './config.ts';
export * from './definition.ts';
export { sha256 } from './digest.ts';
export * from './image-record.ts';
export { type ImageReference, normaliseImage, parseImage, pinImage } from './image-reference.ts';
export { describeIssues } from './issues.ts';
export * from './job.ts';
export type { ListedConda, ListedFile, ListedLock, ListedPypi } from './listed-lock.ts';
export * from './lock.ts';
export * from './oci.ts';
export * from './people.ts';
export * from './platform.ts';
export * from './records.ts';
export * from './tasks.ts';
export * from './uploads.ts';

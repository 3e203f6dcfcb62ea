/**
 * Snapshots: what of a folder belongs to a run, its digest, and laying it out again. Also the digests of outputs and models.
 *
 * Invariants: a snapshot never holds a private key, an `.env*` file or a virtual environment; its digest is a function of paths, executable
 * bits and content alone; what is laid out was verified, lies inside the folder and shares nothing with the kept content.
 */
export { checkUploadedSnapshot } from './check-uploaded.ts';
export { type CollectOptions, collectSnapshot, type Snapshot } from './collect-snapshot.ts';
export { hashTree, type TreeFacts } from './hash-tree.ts';
export type { LeftOut, LeftOutReason } from './left-out.ts';
export { parseManifest, snapshotManifest } from './manifest.ts';
export { restoreSnapshot } from './restore-snapshot.ts';
export type { KeepContent, SnapshotEntry } from './snapshot-entry.ts';

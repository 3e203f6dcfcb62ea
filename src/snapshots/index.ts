/**
 * Snapshots: which files of a folder belong to a run, their digest, and laying them out again.
 *
 * Invariants: secrets (`.env*`, private keys) are never in a snapshot; `.amlignore` or else `.gitignore` decides about the rest;
 * the digest depends on paths, types, executable bits and content alone.
 */
export { type CollectedSnapshot, collectSnapshot } from './collect-snapshot.ts';
export { measureOutput, type OutputFacts } from './measure-output.ts';
export { restoreSnapshot } from './restore-snapshot.ts';
export { Snapshot, type SnapshotEntry, snapshotDigest } from './snapshot.ts';

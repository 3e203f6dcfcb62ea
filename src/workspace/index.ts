/**
 * What a team keeps: environments with their versions, locks with their revisions, runs, models, and the content that they refer to;
 * who may use it, and who did what.
 *
 * Invariants: versions, lock revisions and ended runs never change (only description, tags and the archived mark do); content is addressed
 * by its SHA-256; many processes may use a workspace at once.
 *
 * Tree:
 *   <folder>/workspace.db                        the database (SQLite, WAL)
 *   <folder>/registry/blobs/sha256/<2>/<hex>     large content: snapshots, built wheels, kept archives, models; small content is in the database
 *   <folder>/runs/<id>/                          a run's folder: code, outputs
 *   <folder>/runs/<id>/logs/output.log           what it printed, where the database does not have the logs
 *   <folder>/builds/<id>.ndjson                  what a build reported, likewise
 *   <folder>/locks/                              lock files between processes
 *   <folder>/settings.yml                        the user's settings; only read (by app)
 *   <folder>/postgresql.json                   which database of PostgreSQL has the records, if one has
 *   <folder>/secret.key                          key for the hashes of secret values, where machines share the folder
 */
export type { AuditCheck, AuditFacts, AuditFilter, AuditStore } from './audit.ts';
export type { BlobStore, ExternalContents } from './blobs.ts';
export type { BuildStatistics } from './build-usage.ts';
export type { BuildChange, BuildStore } from './builds.ts';
export type { HeaderChange } from './environment-header.ts';
export type {
  EnvironmentStore,
  EnvironmentSummary,
  EnvironmentVersion,
  RegisterRequest,
  RegisterResult,
  StoredFile,
} from './environments.ts';
export { findWorkspaceFolder } from './find-workspace.ts';
export type { GcOptions } from './folder-contents.ts';
export type { MovedBase, SharedLayer } from './image-layers.ts';
export type { ImageIngredients, ImageStore } from './images.ts';
export type { Lease, LeaseStore } from './leases.ts';
export type { LockRevision, LockStore } from './locks.ts';
export type { LogName, LogStore } from './logs.ts';
export type { ModelStore, NamedModel } from './models.ts';
export type { Page, PageRequest, TimedRequest } from './page.ts';
export { isDatabaseAway } from './postgres-errors.ts';
export type { Actor } from './recorded.ts';
export { remembered } from './remembered.ts';
export type { Row, RowStore } from './rows.ts';
export { createRunId } from './run-id.ts';
export { orphanedScript, type RunOwner } from './run-owner.ts';
export type { RunChange, RunStore } from './runs.ts';
export type { SubmissionStore } from './submissions.ts';
export type { HeldTask, LostTask, Task, TaskStore } from './tasks.ts';
export type { TokenStore } from './tokens.ts';
export type { WorkerStore } from './workers.ts';
export { openWorkspace, type Workspace } from './workspace.ts';

/**
 * The use cases: what a user can do, composed of the stages. The only folder that knows them all.
 *
 * Invariants: a use case takes data and answers data; it prints nothing and reads nothing of the process but what `openApp` was given.
 *
 * Its folders follow the product's words. They may import one another; what is in none of them is everybody's.
 *   environments/   reading sources, registering, finding, listing, checking, capturing, sharing
 *   locks/          making locks, binding them to versions
 *   packages/       bringing archives, from where and for how long
 *   prefixes/       an environment as a directory, and commands in it
 *   images/         an environment as an image: base, layers, registries, engines
 *   runs/           submitting, executing, watching and repeating runs; models
 *   tasks/          what waits for workers, and the workers
 *   team/           tokens, the audit trail, backups, figures
 *   machine/        what works here and what is missing
 */

export type { Finding } from '../definition/checks/index.ts';
export { isAnonymousName } from '../definition/index.ts';
export type { LockDiff } from '../resolve/index.ts';
export { type App, type AppOptions, openApp, type ServedRegistry, storeFolderOf } from './app.ts';
export { type CaptureRequest, type CaptureResult, captureEnvironment } from './environments/capture.ts';
export { type CheckResult, checkDefinitionText, checkEnvironment, type FindVersions } from './environments/check.ts';
export { isDefinitionPath } from './environments/definition-path.ts';
export {
  type ArchiveResult,
  archiveEnvironment,
  cloneEnvironment,
  deleteVersion,
  diffEnvironments,
  type EnvironmentDiff,
  findView,
  restoreEnvironment,
  type ShownVersion,
  saveFolder,
  showVersion,
  updateVersion,
  writeFolder,
} from './environments/environments.ts';
export { keepContents } from './environments/keep-contents.ts';
export { listEnvironments, listVersions } from './environments/list-environments.ts';
export { namesakeHint } from './environments/namesake.ts';
export { type PackedDefinition, packDefinition } from './environments/pack-definition.ts';
export { explainUnsent, type PackedContent, readPacked } from './environments/packed-content.ts';
export type { DefinitionSource, LocalSource } from './environments/read-source.ts';
export { type CreateRequest, createVersion, noteWarnings } from './environments/register.ts';
export { explainNothingToLock } from './environments/runnable.ts';
export { findSharingFolder, type SharedEnvironment, shareEnvironment } from './environments/share.ts';
export { type Shareable, shareWithFolder } from './environments/share-with-folder.ts';
export { takeShared } from './environments/take-shared.ts';
export { findVersionToShare } from './environments/version-to-share.ts';
export type { RegisteredVersion, VersionView } from './environments/views.ts';
export { type BuildRequest, buildImages } from './images/build-images.ts';
export { type CopiedImage, copyImage } from './images/copy-image.ts';
export type { ImageView } from './images/image-view.ts';
export { listImages } from './images/list-images.ts';
export { type PublishedEnvironment, publishCatalog } from './images/publish-catalog.ts';
export { pushSharedImage } from './images/push-shared-image.ts';
export { sendServedImage } from './images/send-served-image.ts';
export { listSharedLayers } from './images/shared-layers.ts';
export { envOfFolder } from './images/shared-registry.ts';
export { showImage } from './images/show-image.ts';
export { type ImageValidation, validateImageAt } from './images/validate-image.ts';
export { openWorkspaceRegistry } from './images/workspace-registry.ts';
export { listLicenses } from './locks/list-licenses.ts';
export { exportLock, findLock, type LockRequest, type LockResult, lockEnvironment } from './locks/lock-environment.ts';
export { previewLock } from './locks/preview-lock.ts';
export { type Diagnosis, diagnose } from './machine/doctor.ts';
export { type CacheCheck, collectGarbage, showCache, verifyCache } from './packages/cache.ts';
export { readPlatform } from './platform.ts';
export { execInEnvironment, installKernel, type KernelView } from './prefixes/exec.ts';
export { materialiseEnvironment, type PrefixView, verifyEnvironmentPrefix } from './prefixes/materialise.ts';
export { openShell } from './prefixes/open-shell.ts';
export type { RunOutcome } from './runs/execute-run.ts';
export { handOverRun } from './runs/hand-over-run.ts';
export { hiddenHint, hiddenNote } from './runs/hidden-secrets.ts';
export {
  listModelNames,
  listModels,
  type ModelRequest,
  registerModel,
  registerModelOnce,
  requireParts,
  type ShownModel,
  showModel,
} from './runs/models.ts';
export type { RunInput } from './runs/pack-run.ts';
export { outcomeOf } from './runs/run-on-worker.ts';
export {
  askToCancel,
  cancelRun,
  endLostRuns,
  followLogs,
  listRuns,
  readLogPart,
  readLogs,
  replayRun,
  showRun,
} from './runs/runs.ts';
export { submitCommand, submitJob } from './runs/submit.ts';
export { replayUploaded, type Submission, submitUploaded, type UploadedJob } from './runs/submit-uploaded.ts';
export { readSettings } from './settings.ts';
export {
  awaitBuild,
  cancelBuild,
  followBuild,
  listBuilds,
  type SubmittedBuild,
  showBuild,
  submitBuild,
} from './tasks/builds.ts';
export { type ComputeTarget, listCompute } from './tasks/compute.ts';
export { recordedError } from './tasks/recorded-error.ts';
export { returnLostTasks, startWorker, type Worker, type WorkerOptions } from './tasks/worker.ts';
export { actFor } from './team/act-for.ts';
export { type AuditRequest, exportAudit, listAudit, verifyAudit } from './team/audit.ts';
export { type BackupView, backUp, restore } from './team/backup.ts';
export { showStatistics } from './team/statistics.ts';
export { createToken, listTokens, revokeToken, type TokenRequest } from './team/tokens.ts';

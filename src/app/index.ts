/**
 * The use cases: what a user can do, composed of the stages. The only folder that knows them all.
 *
 * Invariants: a use case takes data and answers data; it prints nothing and reads nothing of the process but what `openApp` was given.
 */

export type { Finding } from '../definition/checks/index.ts';
export type { LockDiff } from '../resolve/index.ts';
export { actFor } from './act-for.ts';
export { type App, type AppOptions, openApp, type ServedRegistry, storeFolderOf } from './app.ts';
export { type AuditRequest, exportAudit, listAudit, verifyAudit } from './audit.ts';
export { type BackupView, backUp, restore } from './backup.ts';
export { type BuildRequest, buildImages } from './build-images.ts';
export {
  awaitBuild,
  cancelBuild,
  followBuild,
  listBuilds,
  type SubmittedBuild,
  showBuild,
  submitBuild,
} from './builds.ts';
export { type CacheCheck, collectGarbage, showCache, verifyCache } from './cache.ts';
export { type CaptureRequest, type CaptureResult, captureEnvironment } from './capture.ts';
export { type CheckResult, checkDefinitionText, checkEnvironment, type FindVersions } from './check.ts';
export { type ComputeTarget, listCompute } from './compute.ts';
export { type CopiedImage, copyImage } from './copy-image.ts';
export { isDefinitionPath } from './definition-path.ts';
export { type Diagnosis, diagnose } from './doctor.ts';
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
} from './environments.ts';
export { execInEnvironment, installKernel, type KernelView, openShell } from './exec.ts';
export type { RunOutcome } from './execute-run.ts';
export type { ImageView } from './image-view.ts';
export { keepContents } from './keep-contents.ts';
export { listEnvironments, listVersions } from './list-environments.ts';
export { listImages } from './list-images.ts';
export { exportLock, findLock, type LockRequest, type LockResult, lockEnvironment } from './lock-environment.ts';
export { materialiseEnvironment, type PrefixView, verifyEnvironmentPrefix } from './materialise.ts';
export { listModels, type ModelRequest, registerModel, requireParts, type ShownModel, showModel } from './models.ts';
export { type PackedContent, type PackedDefinition, packDefinition } from './pack-definition.ts';
export { packRun, type RunInput } from './pack-run.ts';
export { readPlatform } from './platform.ts';
export { previewLock } from './preview-lock.ts';
export { type PublishedEnvironment, publishCatalog } from './publish-catalog.ts';
export type { DefinitionSource, LocalSource } from './read-source.ts';
export { recordedError } from './recorded-error.ts';
export { type CreateRequest, createVersion, noteWarnings } from './register.ts';
export { outcomeOf } from './run-on-worker.ts';
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
} from './runs.ts';
export { sendServedImage } from './send-served-image.ts';
export { type SharedEnvironment, shareEnvironment } from './share.ts';
export { listSharedLayers } from './shared-layers.ts';
export { showImage } from './show-image.ts';
export { showStatistics } from './statistics.ts';
export { submitCommand, submitJob } from './submit.ts';
export { replayUploaded, type Submission, submitUploaded, type UploadedJob } from './submit-uploaded.ts';
export { createToken, listTokens, revokeToken, type TokenRequest } from './tokens.ts';
export { type ImageValidation, validateImageAt } from './validate-image.ts';
export type { RegisteredVersion, VersionView } from './views.ts';
export { returnLostTasks, startWorker, type Worker, type WorkerOptions } from './worker.ts';
export { openWorkspaceRegistry } from './workspace-registry.ts';

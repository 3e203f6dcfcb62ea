/**
 * The only door to the file system, to other processes, to the network, to the clock and to the machine's facts.
 *
 * Invariants: a file that is written under its final name is complete (temporary file, then rename); errors of the system come out as
 * `AppError` (disk full, permission, not found); a download is verified before anyone sees it.
 */
export { now, sleep } from './clock.ts';
export {
  appendToFile,
  createFile,
  digestOfFile,
  moveFile,
  readFileRange,
  removeFile,
  renewFile,
  sealFile,
} from './content-file.ts';
export { checkWorkingFolder, executableState, namesIn } from './executable-file.ts';
export { type FileLockOptions, withFileLock } from './file-lock.ts';
export {
  createTemporaryFolder,
  ensureFolder,
  fsErrorToAppError,
  hashFile,
  isFolder,
  listFolder,
  pathExists,
  readBytes,
  readBytesIfExists,
  readText,
  readTextIfExists,
  removeTree,
  renameOver,
  statIfExists,
  withFsErrors,
  writeAtomically,
} from './files.ts';
export { type GitOptions, gitState } from './git.ts';
export { type GuardedProcess, startGuardedProcess } from './guarded-process.ts';
export {
  bundleVariables,
  createHttp,
  type DownloadOptions,
  type Http,
  type HttpOptions,
  type HttpResponse,
  retryDelay,
  type SendOptions,
  transientStatuses,
} from './http/index.ts';
export { type HttpServer, type HttpServerOptions, serveHttp } from './http-server.ts';
export { inParallel } from './in-parallel.ts';
export {
  findInterpreter,
  Interpreter,
  type InterpreterSearch,
  listInterpreters,
} from './interpreters.ts';
export { type LogFile, openLogFile, readFilePart } from './log-file.ts';
export { cudaVersion, currentPlatform, libcVersion, machineFacts, macosVersion, userIds } from './machine.ts';
export { networkFileSystem } from './network-file-system.ts';
export { isInside, resolveInside } from './paths.ts';
export { isProcessAlive, processStartTime, type RunOptions, type RunResult, runProcess } from './process.ts';
export { type ProcessPlace, processPlace } from './process-place.ts';
export {
  childrenCpu,
  type ProcessLine,
  processMemory,
  processTable,
  sharedOutMemory,
  startedWith,
} from './process-table.ts';
export { processorLevel } from './processor-level.ts';
export { type ReceiveOptions, receiveFile } from './receive-file.ts';
export { type SendFileOptions, sendFile } from './send-file.ts';
export { onEndingSignals, signalGroup, signalProcess } from './signals.ts';
export { readStandardInput } from './standard-input.ts';
export { copyAside, linkFile, touchFile } from './take-file.ts';
export { readTarFile, type TarMember, type TarOutput, writeContent, writeTarFile } from './tar-file.ts';
export { runOnTerminal } from './terminal-process.ts';
export {
  copyOut,
  type EntryKind,
  type FileFacts,
  fileFacts,
  linkTarget,
  makeLink,
  readFolder,
  readSmallFile,
  realPath,
  writeNewFile,
} from './tree.ts';

/**
 * Definition → lock: what to ask the channel, and its answer as the exact packages. Pure: the channel comes in as an interface.
 *
 * Invariants: a lock depends on definition, platform, Python minor and what the channel serves, and on nothing of this machine or this moment;
 * the same answers give the same bytes.
 */
export { choosePython, type MachinePython } from './choose-python.ts';
export { diffLocks, type LockDiff } from './diff-locks.ts';
export { exportFormats, exportLock, type ExportFormat } from './export-lock.ts';
export { checkLock, lockDigest, serialiseLock } from './lock-document.ts';
export type { BuildRequest, BuiltWheel, CompileRequest, CompiledFile, CompiledPackage, PypiOptions, PypiResolver } from './pypi-resolver.ts';
export { resolveLock, type ResolveRequest } from './resolve-lock.ts';

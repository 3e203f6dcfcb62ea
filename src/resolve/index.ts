/**
 * Definition → lock: what to ask the channel, and its answer as the exact packages. Pure: the channel comes in as an interface.
 *
 * Invariants: a lock depends on definition, platform, Python minor and what the channel serves, and on nothing of this machine or this moment;
 * the same answers give the same bytes.
 */
export { choosePython, type MachinePython } from './choose-python.ts';
export type {
  CondaSolution,
  CondaSolveRequest,
  CondaSolver,
  Distribution,
  SolvedPackage,
  VirtualPackage,
} from './conda-solver.ts';
export { diffLocks, type LockDiff } from './diff-locks.ts';
export { type ExportFormat, exportFormats, exportLock } from './export-lock.ts';
export { importLock } from './import-lock.ts';
export { checkLock, serialiseLock } from './lock-document.ts';
export type {
  BuildRequest,
  BuiltWheel,
  Compiled,
  CompiledFile,
  CompiledPackage,
  CompileRequest,
  InstalledDistribution,
  PypiOptions,
  PypiResolver,
} from './pypi-resolver.ts';
export { addressesOf, namedAddresses } from './requirements-text.ts';
export { resolveLock } from './resolve-lock.ts';
export type { ResolveChannels, ResolveRequest } from './resolve-request.ts';

/**
 * The local target: runs a command on this machine, in a process group of its own.
 *
 * Invariants: output passes through as bytes and stands in the log; memory stays flat however much is printed; nothing of the run is left when
 * `runLocally` returns, and nothing outlives us, even if we are killed with SIGKILL.
 */
export { findShell } from './command-words.ts';
export { endProcessGroup } from './end-process-group.ts';
export { runAttached } from './run-attached.ts';
export { type LocalRunRequest, type LocalRunResult, runLocally, type StartedProcess } from './run-locally.ts';

/**
 * Where a run happens. `local`: a process of this machine.
 *
 * Invariants: a run starts clean (what would leak into it from the caller's shell is taken away and recorded); what it prints goes to the caller
 * and to its log as bytes, in order; nothing of it survives a cancel or a time-out.
 */
export { type CleanEnvironment, cleanEnvironment } from './clean-environment.ts';
export { probeInterpreter } from './probe-interpreter.ts';
export { looksSecret, recordVariables } from './record-variables.ts';
export { type LocalRunRequest, type LocalRunResult, runLocally } from './run-locally.ts';

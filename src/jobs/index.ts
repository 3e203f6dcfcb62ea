/**
 * Command jobs: what to run, in which environment, with which inputs. Azure ML's command-job YAML, for a run on this machine.
 *
 * Invariants: pure (reads no files); all problems of a file are reported together, with file, line and column; a key that a local run cannot
 * honour is an error that names it, never ignored.
 */
export { type CommandValues, expandCommand } from './expand-command.ts';
export { expandName } from './expand-name.ts';
export { type ReadJobOptions, readJob } from './read-job.ts';
export { unsetInputs } from './unset-inputs.ts';
export { unsupportedResources } from './unsupported.ts';

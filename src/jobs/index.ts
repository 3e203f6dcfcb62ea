/**
 * Command jobs, as Azure ML's YAML has them: reading and checking them, and filling in their placeholders. Pure.
 *
 * Invariants: a key that the target cannot honour is an error that names it; nothing is ignored in silence.
 */
export { expandCommand, type PlaceholderValues } from './expand-command.ts';
export { readJob } from './read-job.ts';

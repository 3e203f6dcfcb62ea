/**
 * What is going on, as events; and the renderers that show it. Libraries emit, only the CLI renders.
 *
 * Invariants: data goes to stdout, everything here to stderr. A step that was started is finished, also when it fails.
 */
export { formatCount } from './count.ts';
export { type Emit, type Outcome, type ReportEvent, type Step, silent, startStep, step } from './events.ts';

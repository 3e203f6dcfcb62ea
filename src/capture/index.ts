/**
 * What an environment that somebody else made holds: a conda environment (`conda-meta`) or a venv (`.dist-info`), read from its files alone.
 *
 * Invariants: nothing of the environment is run or written; what cannot be made again elsewhere becomes a finding, and is never left out silently.
 */
export { capturePrefix } from './capture-prefix.ts';
export type { Captured, CapturedCondaPackage, CapturedWheel } from './captured.ts';
export { capturedText } from './captured-text.ts';
export type { CaptureFinding } from './finding.ts';

/**
 * Lock files of other tools: conda's `@EXPLICIT` list, `conda-lock.yml` and `pylock.toml`. Pure.
 *
 * Invariants: what is read is either understood or refused by name; nothing is left out without a warning.
 */
export { lockFileFormat } from './lock-file-format.ts';
export { lockedEntries, lockedSpecs } from './pins.ts';
export { readLockFile } from './read-lock-file.ts';

/**
 * Install plan → directory on this machine, by hard links into the store; verify, repair, remove.
 *
 * Invariants: a prefix is built aside and renamed, so nobody sees it half-made; its files are read-only and, but for Python's own
 * `__pycache__`, never written again; one process makes a prefix, others wait for it.
 *
 * ```
 * <root>/prefixes/<key>/bin, lib, pyvenv.cfg, …     the environment
 * <root>/prefixes/<key>/.terroir/manifest.json      every entry with its digest
 * <root>/prefixes/<key>/.terroir/damaged.json       what `verify` found; the next `ensure` repairs it
 * <root>/prefixes/<key>/.terroir/prefix.json        written last; its time is that of the last use
 * ```
 */
export { createPrefixes, type EnsureOptions, type Prefix, type Prefixes, type PrefixesOptions } from './prefixes.ts';

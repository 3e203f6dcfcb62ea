/**
 * Install plan → directory on this machine, by hard links into the store, files that name their prefix rewritten; verify, repair, remove.
 *
 * Invariants: a prefix is built aside and renamed, so nobody sees it half-made; its files are read-only and, but for Python's own
 * `__pycache__`, never written again; one process makes a prefix, others wait for it. A prefix in which `verify` found damage is made again from a
 * store that has been held against its digests first, and so are the prefixes that share what was damaged.
 *
 * Tree:
 *   <root>/prefixes/<key>/bin, lib, pyvenv.cfg, …    the environment
 *   <root>/prefixes/<key>/conda-meta/<name>-….json   what a conda package has, with digests; also its list for `verify`
 *   <root>/prefixes/<key>/.terroir/prefix.json       what it is; its time is that of the last use
 *   <root>/prefixes/<key>/.terroir/manifest.json     the packages, and every other entry with its digest
 *   <root>/prefixes/<key>/.terroir/records/<sha256>  digests of a wheel's files (a link into the store)
 *   <root>/prefixes/<key>/.terroir/damaged           there if `verify` found damage; the next `ensure` makes the prefix again
 */
export { createPrefixes, type Prefix, type Prefixes, type PrefixGcOptions } from './prefixes.ts';

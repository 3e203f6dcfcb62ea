/**
 * Install plan → directory on this machine, by hard links into the store; verify, repair, remove.
 *
 * Invariants: a prefix is built aside and renamed, so nobody sees it half-made; its files are read-only and, but for Python's own
 * `__pycache__`, never written again; one process makes a prefix, others wait for it.
 *
 * Tree:
 *   <root>/prefixes/<key>/bin, lib, pyvenv.cfg, …    the environment
 *   <root>/prefixes/<key>/.terroir/manifest.json     every entry with its digest
 *   <root>/prefixes/<key>/.terroir/prefix.json       what it is; its time is that of the last use
 *   <root>/prefixes/<key>/.terroir/damaged           there if `verify` found damage; the next `ensure` makes the prefix again
 */
export { createPrefixes, type Prefix, type Prefixes } from './prefixes.ts';

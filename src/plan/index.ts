/**
 * Lock and unpacked packages → install plan: which file goes where, with which content. Pure.
 *
 * Wheels follow the binary distribution format, "Recording installed projects", PEP 610 (direct_url.json), PEP 405 (pyvenv.cfg) and PEP 668; conda
 * packages what conda does when it links (CEP 17 for site-packages, CEP 22 for frozen environments), but that no script of theirs is run.
 * Invariants: every path has one owner, the last in install order, conda's packages before wheels; a plan depends on nothing but its input.
 */
export type { Overwrite } from './claims.ts';
export { type CondaRecord, condaRecordText } from './conda-record.ts';
export type { InstallPlan, PlanContent, PlanEntry, PlanPython, PlanRewrite, PlanTree } from './install-plan.ts';
export { listFiles } from './list-files.ts';
export { isCondaLock, type PlanInput, planPrefix } from './plan-prefix.ts';
export type { PrefixReplacement } from './rewriting/index.ts';

/**
 * Lock and unpacked wheels → install plan: which file goes where, with which content. Pure.
 *
 * Follows the binary distribution format, "Recording installed projects", PEP 610 (direct_url.json), PEP 405 (pyvenv.cfg) and PEP 668.
 * Invariants: every path has one owner, the last in install order; a plan depends on nothing but its input.
 */
export type { InstallPlan, PlanContent, PlanEntry, PlanPython, PlanTree } from './install-plan.ts';
export { listFiles } from './list-files.ts';
export { type PlanInput, planPrefix } from './plan-prefix.ts';

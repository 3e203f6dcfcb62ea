import { type CondaSpec, parseCondaSpec } from '../../requirements/index.ts';

/** A match specification in the two parts in which it is used: where it is looked for, and what the solver is asked. */
export interface SolverSpec {
  name: string;
  /** As written before `::`, or in `channel=`. */
  channel: string | undefined;
  subdir: string | undefined;
  /** For the solver, which ends with its process where a channel is named. */
  text: string;
}

/** What says where, and not what. */
const places = new Set(['channel', 'subdir', 'name', 'url', 'fn', 'namespace', 'optional', 'target', 'features']);

/** Undefined for what is no specification of a package by its name. */
export function readMatchSpec(text: string): SolverSpec | undefined {
  const spec = parseCondaSpec(text);
  return spec === undefined ? undefined : toSolver(text, spec);
}

function toSolver(text: string, { name, channel, subdir, brackets }: CondaSpec): SolverSpec {
  const bare = text
    .replace(/\[[^\]]*\]\s*$/s, '')
    .replace(/^.*::/s, '')
    .trim();
  const rest = bare
    .slice(name.length)
    .trim()
    .replaceAll(/\s*([,|])\s*/g, '$1')
    .replaceAll(/(~=|==|!=|<=|>=|<|>|=)\s+/g, '$1')
    .replaceAll(/\s+/g, ' ');
  const keys = Object.entries(brackets)
    .filter(([key, value]) => !places.has(key) && value !== '')
    .map(([key, value]) => `${key}="${value.replaceAll('"', '')}"`);
  const end = keys.length === 0 ? '' : `[${keys.join(',')}]`;
  return { name, channel, subdir, text: `${name}${/^[a-z0-9*(^]/i.test(rest) ? ' ' : ''}${rest}${end}` };
}

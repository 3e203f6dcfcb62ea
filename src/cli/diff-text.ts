import type { LockDiff } from '../app/index.ts';
import type { Style } from '../report/render/index.ts';

/** One line a package: `+ numpy 2.3.5`, `- six 1.17.0`, `~ scipy 1.15 → 1.16`. */
export function packageDiffLines(diff: LockDiff, style: Style): string[] {
  return [
    ...diff.added.map(({ name, version }) => style.green(`+ ${name} ${version}`)),
    ...diff.removed.map(({ name, version }) => style.red(`- ${name} ${version}`)),
    ...diff.changed.map(
      ({ name, from, to, direction }) =>
        `~ ${name} ${from} → ${to}${direction === 'up' ? '' : style.dim(` (${direction})`)}`,
    ),
  ];
}

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

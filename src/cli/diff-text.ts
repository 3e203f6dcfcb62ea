import type { EnvironmentDiff, LockDiff } from '../app/index.ts';
import { formatBytes, type Style } from '../report/render/index.ts';

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

/** The layers of two images, and what the difference costs; nothing where there are no two images. */
export function imageDiffLines(image: EnvironmentDiff['image'], style: Style): string[] {
  if (image === null) return [];
  const line = ({ digest, size, kind, packages }: NonNullable<typeof image>['added'][number]): string =>
    `${digest.slice('sha256:'.length, 19)} ${formatBytes(size)} ${packages.length === 0 ? kind : packages.join(', ')}`;
  return [
    style.bold('image layers'),
    ...image.added.map((layer) => `  ${style.green(`+ ${line(layer)}`)}`),
    ...image.removed.map((layer) => `  ${style.red(`- ${line(layer)}`)}`),
    `  ${formatBytes(image.pull)} to pull, ${formatBytes(image.shared)} shared`,
  ];
}

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

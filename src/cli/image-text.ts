import type { ImageView } from '../app/index.ts';
import { formatCount } from '../report/index.ts';
import { formatBytes, type Style } from '../report/render/index.ts';
import { facts, table } from './table.ts';

const sources: Record<ImageView['source'], string> = {
  workspace: 'the workspace’s registry had it',
  global: 'the global registry had it',
  built: 'built now',
};

/** An image for a person: what it is, and its layers from the bottom. */
export function imageText(image: ImageView, style: Style): string {
  const head = facts(
    [
      ['repository', image.repository],
      ['revision', `${image.revision} (${sources[image.source]})`],
      ['platform', image.platform],
      ['digest', style.bold(image.digest)],
      ['index', image.indexDigest],
      ['base', image.base === null ? undefined : `${image.base.reference}\n${image.base.digest}`],
      ['also from', image.images.map(({ reference, digest }) => `${reference}\n${digest}`).join('\n') || undefined],
      ['lock', image.lockDigest === null ? undefined : `revision ${image.lockRevision}, ${image.lockDigest}`],
      ['size', `${formatBytes(image.size)} in ${formatCount(image.layers.length, 'layer')}`],
    ],
    style,
  );
  return `${head}\n\n${layerTable(image, style)}`;
}

function layerTable({ layers }: ImageView, style: Style): string {
  const rows = layers.map(({ digest, size, kind, packages }) => [
    digest.slice('sha256:'.length, 19),
    formatBytes(size),
    kind,
    packages.length > 6 ? `${packages.slice(0, 6).join(', ')} and ${packages.length - 6} more` : packages.join(', '),
  ]);
  return table(['layer', 'size', 'of', 'packages'], rows, style);
}

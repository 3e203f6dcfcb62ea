import type { ImageView } from '../app/index.ts';
import { formatCount } from '../report/index.ts';
import { formatBytes, type Style } from '../report/render/index.ts';
import { facts, table } from './table.ts';
import { ago } from './time-text.ts';

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
      ['base', baseText(image.base)],
      ['also from', image.images.map(({ reference, digest }) => `${reference}\n${digest}`).join('\n') || undefined],
      ['lock', image.lockDigest === null ? undefined : `revision ${image.lockRevision}, ${image.lockDigest}`],
      ['size', `${formatBytes(image.size)} in ${formatCount(image.layers.length, 'layer')}`],
    ],
    style,
  );
  return `${head}\n\n${layerTable(image, style)}`;
}

const day = 86_400_000;
/** Days after which a base lacks what has been mended since. */
const fresh = 30;

function baseText(base: ImageView['base']): string | undefined {
  if (base === null) return undefined;
  const { reference, digest, createdAt } = base;
  const named = `${reference}\n${digest}`;
  // A server of an earlier version does not say.
  if (!createdAt) return named;
  const made = `${named}\nmade ${createdAt.slice(0, 10)}, ${ago(createdAt)}`;
  const isOld = Date.now() - Date.parse(createdAt) > fresh * day;
  return isOld ? `${made}: what was mended since then is not in it` : made;
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

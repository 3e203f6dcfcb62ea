import type { ImageLayerRecord, Platform, PlatformImage } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';

type Layer = Pick<ImageLayerRecord, 'digest' | 'size' | 'kind' | 'packages'>;

/** What a machine that has the one image has to pull for the other. */
export interface ImageDiff {
  from: string;
  to: string;
  added: Layer[];
  removed: Layer[];
  /** Bytes of the layers that both have. */
  shared: number;
  /** Bytes of the layers that are new. */
  pull: number;
}

/** The newest images of two versions, layer by layer; undefined if one of them has none for the platform. */
export async function diffImages(
  { images }: Workspace,
  { from, to, platform }: { from: EnvironmentVersion; to: EnvironmentVersion; platform: Platform },
): Promise<ImageDiff | undefined> {
  const newest = async ({ fingerprint }: EnvironmentVersion): Promise<PlatformImage | undefined> =>
    (await images.latest(fingerprint, platform))?.platforms.find((each) => each.platform === platform);
  const [a, b] = [await newest(from), await newest(to)];
  if (a === undefined || b === undefined) return undefined;
  const added = without(b, a);
  const pull = sizeOf(added);
  return { from: a.digest, to: b.digest, added, removed: without(a, b), shared: sizeOf(b.layers) - pull, pull };
}

function without({ layers }: PlatformImage, other: PlatformImage): Layer[] {
  const there = new Set(other.layers.map(({ digest }) => digest));
  return layers
    .filter(({ digest }) => !there.has(digest))
    .map(({ digest, size, kind, packages }) => ({ digest, size, kind, packages }));
}

function sizeOf(layers: readonly { size: number }[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

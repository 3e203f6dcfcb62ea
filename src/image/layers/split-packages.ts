import { sha256 } from '../../schema/index.ts';

/** A package as far as it matters for which layer it goes to. */
export interface SplitPackage {
  name: string;
  version: string;
  /** Of its archive. */
  sha256: string;
  filename: string;
  /** Bytes of its archive. */
  size: number;
  /** It lost a file to another package of this environment: no other image will have the layer. */
  isPrivate: boolean;
}

/** Packages that share a layer; sorted by name. */
export type PackageGroup = readonly SplitPackage[];

/**
 * Archives of this size and more are layers of their own. A layer costs an engine about 60 ms to pull; so long it takes to push or pull about 4 MB,
 * which is what it would cost to share a layer with something that changed.
 */
const aloneFrom = 4 << 20;
const buckets = 16;
/** Besides the packages': the environment's own, and what hides an older environment in the base. */
const ownLayers = 2;
const most = 40;
/** Docker mounts 125 layers at most; some are left for those who build on the image. */
const mostWithBase = 120;

/** How many layers packages may have on a base with so many. Negative or zero: none fit. */
export function layerBudget(baseLayers: number): number {
  return Math.min(most, mostWithBase - baseLayers) - ownLayers;
}

/**
 * Which packages share a layer. Large archives stay alone; the rest goes to buckets by a hash of the name, so that a package is in the same
 * company in every environment; what only this image can have goes apart. In the order that the image will have.
 */
export function splitPackages(packages: readonly SplitPackage[], budget: number): PackageGroup[] {
  if (packages.length === 0) return [];
  const count = bucketCount(budget);
  const alone = packages
    .filter(({ size }) => size >= aloneFrom)
    .sort((a, b) => b.size - a.size || compare(a.name, b.name))
    .slice(0, Math.max(0, budget - count - 1));
  const isAlone = new Set(alone);
  const rest = packages.filter((each) => !isAlone.has(each));
  const shared = Map.groupBy(rest, ({ name, isPrivate }) => (isPrivate ? count : bucketOf(name, count)));
  const groups = [...shared].sort(([a], [b]) => a - b).map(([, group]) => group);
  return [...alone.sort((a, b) => compare(a.name, b.name)).map((each) => [each]), ...groups].map((group) =>
    group.sort((a, b) => compare(a.name, b.name) || compare(a.sha256, b.sha256)),
  );
}

/** A power of two, so that buckets are joined as wholes where there is little room. */
function bucketCount(budget: number): number {
  let count = buckets;
  while (count > 1 && count + 1 > budget) count /= 2;
  return count;
}

function bucketOf(name: string, count: number): number {
  return Number.parseInt(sha256(name).slice(0, 2), 16) % count;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

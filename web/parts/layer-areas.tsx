import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { bytes } from './format.ts';
import { type Layer, layerTitle } from './layer-title.ts';

/** The image, a layer, or a package in it. */
interface Box {
  layer?: Layer;
  title?: string;
  size?: number;
  children?: Box[];
}

const [width, height] = [1000, 420];

/** Each layer as an area of its size, and in it its packages; in colour what others have too. */
export function LayerAreas({
  layers,
  sizes,
  isShared,
}: {
  layers: readonly Layer[];
  /** `numpy 2.3.5` → bytes of its archive. */
  sizes: ReadonlyMap<string, number>;
  isShared(layer: Layer): boolean;
}): JSX.Element {
  const boxes = useMemo(() => {
    const root = hierarchy<Box>({ children: layers.map((layer) => boxOf(layer, sizes)) });
    root.sum(({ size = 0 }) => size).sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    const lay = treemap<Box>()
      .size([width, height])
      .paddingOuter(2)
      .paddingInner((node) => (node.depth === 0 ? 4 : 1))
      .tile(treemapSquarify);
    return lay(root).leaves();
  }, [layers, sizes]);
  return (
    <div class="layer-map" aria-hidden="true">
      {boxes.map(({ data: { layer, title, size = 0 }, x0, x1, y0, y1 }) =>
        layer === undefined ? null : (
          <div
            key={`${layer.digest} ${title}`}
            class={isShared(layer) ? 'shared' : ''}
            title={`${title}, ${bytes(size)}\nin a layer of ${bytes(layer.size)}`}
            style={{
              left: `${(100 * x0) / width}%`,
              width: `${(100 * (x1 - x0)) / width}%`,
              top: `${(100 * y0) / height}%`,
              height: `${(100 * (y1 - y0)) / height}%`,
            }}
          >
            <strong>{title}</strong>
            <span>{bytes(size)}</span>
          </div>
        ),
      )}
    </div>
  );
}

/** Packages that share a layer have of it what their archives have of each other. */
function boxOf(layer: Layer, sizes: ReadonlyMap<string, number>): Box {
  const { packages, size } = layer;
  const whole = packages.reduce((sum, each) => sum + (sizes.get(each) ?? 0), 0);
  if (packages.length < 2 || whole === 0) return { layer, title: layerTitle(layer), size };
  return {
    children: packages.map((title) => ({ layer, title, size: (size * (sizes.get(title) ?? 0)) / whole })),
  };
}
